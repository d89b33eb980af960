#pragma once
// Several RTP and RTCP packets in one datagram, as the gateway's media threads send them over loopback to save system
// calls: the mark, then for each packet its length (16 bits, network order), 16 zero bits, and the packet, padded to a
// multiple of four bytes. A datagram that is only the mark asks whether bundles are understood; the answer is its echo.
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace RTC
{
	namespace PacketBundle
	{
		/** No RTP, RTCP, STUN or DTLS packet begins like this (RFC 7983). */
		inline constexpr uint8_t Mark[4]{ 'g', 'b', 'r', 'b' };

		inline bool IsBundle(const uint8_t* data, size_t len)
		{
			return len >= sizeof(Mark) && std::memcmp(data, Mark, sizeof(Mark)) == 0;
		}

		/** Visits copies, because the worker changes packets in place and may make them longer. */
		template<typename Visitor>
		inline void ForEach(const uint8_t* data, size_t len, Visitor&& visit)
		{
			static constexpr size_t HeaderLen{ 4 };
			alignas(4) static thread_local uint8_t packet[65536];

			for (size_t offset{ sizeof(Mark) }; len - offset >= HeaderLen;)
			{
				const size_t packetLen = (static_cast<size_t>(data[offset]) << 8) | data[offset + 1];

				offset += HeaderLen;

				if (packetLen == 0 || packetLen > len - offset)
				{
					return;
				}

				std::memcpy(packet, data + offset, packetLen);
				visit(packet, packetLen, sizeof(packet));

				const size_t padded = (packetLen + 3) & ~static_cast<size_t>(3);

				if (padded > len - offset)
				{
					return;
				}

				offset += padded;
			}
		}
	} // namespace PacketBundle
} // namespace RTC
