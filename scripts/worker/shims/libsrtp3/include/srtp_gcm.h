#pragma once
// Protection of outbound RTP with AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714) by OpenSSL. Distributions build
// libsrtp 2 on NSS, which takes several times as long per packet. Only the sending side of RTP is here: everything else
// stays with libsrtp, whose results these are equal to byte by byte (check/gcm-check.cpp).
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace srtp3_shim
{
	class GcmSender
	{
	public:
		enum class Result
		{
			Done,
			/** Not an RTP packet. */
			Malformed,
			/** Older than what may be repeated. */
			Old,
			Failed
		};

		static constexpr std::size_t SaltLen{ 12 };
		static constexpr std::size_t TagLen{ 16 };

		/** Null = the cipher is not available. */
		static std::unique_ptr<GcmSender> Create(
		  const std::uint8_t* masterKey, std::size_t keyLen, const std::uint8_t* masterSalt, std::int64_t window)
		{
			auto sender = std::unique_ptr<GcmSender>(new GcmSender(window));
			std::uint8_t key[32];

			if (keyLen > sizeof(key))
			{
				return nullptr;
			}

			const bool ready = Derive(masterKey, keyLen, masterSalt, 0x00, key, keyLen) &&
			                   Derive(masterKey, keyLen, masterSalt, 0x02, sender->salt.data(), SaltLen) &&
			                   sender->SetKey(key, keyLen);

			OPENSSL_cleanse(key, sizeof(key));

			if (!ready)
			{
				return nullptr;
			}

			return sender;
		}

		GcmSender(const GcmSender&)            = delete;
		GcmSender& operator=(const GcmSender&) = delete;

		~GcmSender()
		{
			EVP_CIPHER_CTX_free(this->context);
			OPENSSL_cleanse(this->salt.data(), this->salt.size());
		}

		/** `out` has room for `len` and the tag. */
		Result Protect(const std::uint8_t* rtp, std::size_t len, std::uint8_t* out)
		{
			const auto headerLen = GetHeaderLen(rtp, len);

			if (headerLen == 0)
			{
				return Result::Malformed;
			}

			const auto seq = static_cast<std::uint16_t>((rtp[2] << 8) | rtp[3]);
			std::uint32_t ssrc;

			std::memcpy(&ssrc, rtp + 8, sizeof(ssrc));

			auto& stream     = FindStream(ssrc);
			const auto index = GuessIndex(stream.index, seq);

			if (index < 0 || stream.index - index >= this->window)
			{
				return Result::Old;
			}

			if (index > stream.index)
			{
				stream.index = index;
			}

			// RFC 7714 section 8.1.
			auto iv        = this->salt;
			const auto roc = static_cast<std::uint32_t>(index >> 16);

			for (std::size_t i{ 0 }; i < 4; ++i)
			{
				iv[2 + i] ^= rtp[8 + i];
				iv[6 + i] ^= static_cast<std::uint8_t>(roc >> (24 - 8 * i));
			}

			iv[10] ^= rtp[2];
			iv[11] ^= rtp[3];

			std::memmove(out, rtp, headerLen);

			const auto payloadLen = static_cast<int>(len - headerLen);
			int written{ 0 };

			if (
			  EVP_EncryptInit_ex(this->context, nullptr, nullptr, nullptr, iv.data()) != 1 ||
			  EVP_EncryptUpdate(this->context, nullptr, &written, rtp, static_cast<int>(headerLen)) != 1 ||
			  EVP_EncryptUpdate(this->context, out + headerLen, &written, rtp + headerLen, payloadLen) != 1 ||
			  written != payloadLen || EVP_EncryptFinal_ex(this->context, out + len, &written) != 1 ||
			  EVP_CIPHER_CTX_ctrl(this->context, EVP_CTRL_AEAD_GET_TAG, TagLen, out + len) != 1)
			{
				return Result::Failed;
			}

			return Result::Done;
		}

		/** `ssrc` in network order. */
		void RemoveStream(std::uint32_t ssrc)
		{
			std::erase_if(this->streams, [ssrc](const Stream& stream) { return stream.ssrc == ssrc; });
		}

	private:
		struct Stream
		{
			/** In network order. */
			std::uint32_t ssrc;
			/** The highest one sent: rollover counter and sequence number (RFC 3711 section 3.3.1). */
			std::int64_t index;
		};

		explicit GcmSender(std::int64_t window) : window(window)
		{
		}

		bool SetKey(const std::uint8_t* key, std::size_t keyLen)
		{
			this->context = EVP_CIPHER_CTX_new();

			return this->context &&
			       EVP_EncryptInit_ex(
			         this->context, keyLen == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm(), nullptr, key, nullptr) == 1;
		}

		/** RFC 3711 section 4.3 with the 96 bit salt of RFC 7714 section 11, as AES counter mode over zeros. */
		static bool Derive(
		  const std::uint8_t* masterKey,
		  std::size_t keyLen,
		  const std::uint8_t* masterSalt,
		  std::uint8_t label,
		  std::uint8_t* out,
		  std::size_t outLen)
		{
			static constexpr std::uint8_t Zeros[32]{};
			std::uint8_t iv[16]{};

			std::memcpy(iv, masterSalt, SaltLen);
			iv[7] ^= label;

			auto* context = EVP_CIPHER_CTX_new();
			int written{ 0 };
			const bool done =
			  context &&
			  EVP_EncryptInit_ex(
			    context, keyLen == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(), nullptr, masterKey, iv) == 1 &&
			  EVP_EncryptUpdate(context, out, &written, Zeros, static_cast<int>(outLen)) == 1;

			EVP_CIPHER_CTX_free(context);

			return done;
		}

		/** 0 = not an RTP packet of version 2 with a complete header. */
		static std::size_t GetHeaderLen(const std::uint8_t* rtp, std::size_t len)
		{
			if (len < 12 || (rtp[0] >> 6) != 2)
			{
				return 0;
			}

			std::size_t headerLen = 12 + 4 * static_cast<std::size_t>(rtp[0] & 0x0f);

			if ((rtp[0] & 0x10) != 0)
			{
				if (len < headerLen + 4)
				{
					return 0;
				}

				headerLen += 4 + 4 * ((static_cast<std::size_t>(rtp[headerLen + 2]) << 8) | rtp[headerLen + 3]);
			}

			return headerLen <= len ? headerLen : 0;
		}

		/** RFC 3711 appendix A; as in libsrtp, nothing lies before the first rollover. Negative = before the first packet. */
		static std::int64_t GuessIndex(std::int64_t highest, std::uint16_t seq)
		{
			static constexpr std::int64_t Median{ 0x8000 };
			const std::int64_t roc       = highest >> 16;
			const std::int64_t known     = highest & 0xffff;
			const std::int64_t candidate = (roc << 16) | seq;

			if (highest <= Median)
			{
				return seq;
			}

			if (known < Median)
			{
				return seq - known > Median ? candidate - 0x10000 : candidate;
			}

			return known - Median > seq ? candidate + 0x10000 : candidate;
		}

		/** A session has one stream or two. */
		Stream& FindStream(std::uint32_t ssrc)
		{
			for (auto& stream : this->streams)
			{
				if (stream.ssrc == ssrc)
				{
					return stream;
				}
			}

			return this->streams.emplace_back(Stream{ ssrc, 0 });
		}

	private:
		std::int64_t window{ 0 };
		EVP_CIPHER_CTX* context{ nullptr };
		std::array<std::uint8_t, SaltLen> salt{};
		std::vector<Stream> streams;
	};
} // namespace srtp3_shim
