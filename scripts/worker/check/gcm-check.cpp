// Run at each build: compares srtp_gcm.h with libsrtp 2, byte by byte: exits with 0 when all packets are equal.
#include <srtp.h>
#include <cstdio>
#include <random>
#include <vector>

namespace
{
	constexpr std::size_t MaxLen{ 1500 };
	constexpr std::size_t Room{ MaxLen + SRTP_MAX_TRAILER_LEN };

	std::mt19937 generator{ 20260101 }; // NOLINT: the same packets each time

	std::uint32_t Random(std::uint32_t below)
	{
		return static_cast<std::uint32_t>(generator() % below);
	}

	struct Stream
	{
		std::uint32_t ssrc;
		std::uint32_t sequence;
	};

	std::vector<std::uint8_t> MakePacket(std::uint32_t ssrc, std::uint16_t sequence)
	{
		const auto csrcs     = Random(4) == 0 ? Random(16) : 0;
		const auto extension = Random(3) == 0;
		const auto words     = extension ? Random(5) : 0;
		const std::size_t headerLen = 12 + 4 * csrcs + (extension ? 4 + 4 * words : 0);
		std::vector<std::uint8_t> packet(headerLen + Random(MaxLen - 200));

		for (auto& byte : packet)
		{
			byte = static_cast<std::uint8_t>(generator());
		}

		packet[0] = static_cast<std::uint8_t>(0x80 | (extension ? 0x10 : 0) | csrcs);
		packet[2] = static_cast<std::uint8_t>(sequence >> 8);
		packet[3] = static_cast<std::uint8_t>(sequence);

		for (std::size_t i{ 0 }; i < 4; ++i)
		{
			packet[8 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
		}

		if (extension)
		{
			packet[12 + 4 * csrcs + 2] = 0;
			packet[12 + 4 * csrcs + 3] = static_cast<std::uint8_t>(words);
		}

		return packet;
	}

	bool AreEqual(srtp_t session, const std::vector<std::uint8_t>& packet, int number)
	{
		std::vector<std::uint8_t> ours(Room);
		std::vector<std::uint8_t> theirs(Room);
		std::size_t ourLen{ Room };
		int theirLen = static_cast<int>(packet.size());

		std::memcpy(theirs.data(), packet.data(), packet.size());

		const auto ourResult   = srtp_protect(session, packet.data(), packet.size(), ours.data(), &ourLen, 0);
		const auto theirResult = ::srtp_protect(session->inner, theirs.data(), &theirLen);

		if (ourResult != theirResult)
		{
			std::fprintf(stderr, "packet %d: result %d, of libsrtp %d\n", number, ourResult, theirResult);

			return false;
		}

		if (ourResult != srtp_err_status_ok)
		{
			return true;
		}

		if (
		  ourLen != static_cast<std::size_t>(theirLen) || std::memcmp(ours.data(), theirs.data(), ourLen) != 0)
		{
			std::fprintf(stderr, "packet %d differs\n", number);

			return false;
		}

		return true;
	}

	bool Check(srtp_profile_t profile, std::uint32_t firstSequence)
	{
		srtp_policy_t policy{ nullptr };
		srtp_t session{ nullptr };
		std::uint8_t key[64];

		for (auto& byte : key)
		{
			byte = static_cast<std::uint8_t>(generator());
		}

		const auto keyLen = srtp_profile_get_master_key_length(profile);

		srtp_ssrc_t ssrc{};

		ssrc.type = ssrc_any_outbound;

		if (
		  srtp_policy_create(&policy) != srtp_err_status_ok || srtp_policy_set_ssrc(policy, ssrc) != srtp_err_status_ok ||
		  srtp_policy_set_profile(policy, profile) != srtp_err_status_ok ||
		  srtp_policy_add_key(policy, key, keyLen, key + keyLen, srtp_profile_get_master_salt_length(profile), nullptr, 0) !=
		    srtp_err_status_ok ||
		  srtp_policy_set_allow_repeat_tx(policy, true) != srtp_err_status_ok ||
		  srtp_policy_set_window_size(policy, 1024) != srtp_err_status_ok ||
		  srtp_create(&session, policy) != srtp_err_status_ok || !session->gcm)
		{
			std::fprintf(stderr, "no session\n");

			return false;
		}

		srtp_policy_destroy(policy);

		Stream streams[]{ { 0x12345678, firstSequence }, { 0xfedcba98, firstSequence + 7 } };
		bool equal{ true };

		for (int number{ 0 }; equal && number < 30000; ++number)
		{
			auto& stream = streams[Random(8) == 0 ? 1 : 0];

			// Forward by one, a gap, a repetition, or one so old that it is refused.
			const auto kind = Random(20);
			const auto step = kind == 0 ? Random(3000) : 1;
			const auto back = kind == 1 ? Random(1500) : 0;

			if (kind != 1)
			{
				stream.sequence += step;
			}

			equal = AreEqual(session, MakePacket(stream.ssrc, static_cast<std::uint16_t>(stream.sequence - back)), number);
		}

		srtp_dealloc(session);

		return equal;
	}
} // namespace

int main()
{
	if (srtp_init() != srtp_err_status_ok)
	{
		return 2;
	}

	for (const auto profile : { srtp_profile_aead_aes_128_gcm, srtp_profile_aead_aes_256_gcm })
	{
		for (const std::uint32_t first : { 0U, 5U, 0x7ff0U, 0x8010U, 0xfff0U })
		{
			if (!Check(profile, first))
			{
				return 1;
			}
		}
	}

	return 0;
}
