#pragma once
// Datagrams of one UDP socket, collected for the rest of an event loop iteration and then sent with few system calls:
// sendmmsg() for all destinations, and UDP segmentation offload (UDP_SEGMENT, Linux >= 4.18) for runs of equally long
// datagrams to one destination, as the packets of one video frame are. The kernel's work per datagram is what a worker
// with many viewers spends most of its time on. The order of the datagrams to one destination stays.
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>
#include <uv.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

class UdpSendBatch
{
public:
	/** Sends one datagram at once, or lets libuv queue it. */
	using SendOne = void (*)(void* owner, const uint8_t* data, size_t len, const struct sockaddr* addr);

	/** Not more bytes than a large second level cache has: they are read again soon. */
	static constexpr size_t MaxBytes{ 1024 * 1024 };
	static constexpr size_t MaxDatagrams{ 1024 };
	static constexpr size_t MaxDestinations{ 256 };
	/** UDP_MAX_SEGMENTS of Linux before 6.9. */
	static constexpr size_t MaxSegments{ 64 };
	/** Below the 65507 bytes of the largest UDP datagram, which bounds a segmented one as well. */
	static constexpr size_t MaxSegmentedBytes{ 64000 };
	static constexpr size_t MaxMessages{ 64 };

public:
	UdpSendBatch(uv_udp_t* socket, void* owner, SendOne sendOne)
	  : socket(socket), owner(owner), sendOne(sendOne), flusher(new uv_prepare_t)
	{
		uv_prepare_init(socket->loop, this->flusher);
		this->flusher->data = static_cast<void*>(this);

		uv_os_fd_t fileDescriptor;

		if (uv_fileno(reinterpret_cast<const uv_handle_t*>(socket), std::addressof(fileDescriptor)) == 0)
		{
			int value{ 0 };
			socklen_t valueLen = sizeof(value);

			this->fd = fileDescriptor;
			// A kernel that does not know the option would send a run as one large datagram.
			this->segmentation = getsockopt(this->fd, IPPROTO_UDP, UDP_SEGMENT, &value, &valueLen) == 0;
		}
	}
	UdpSendBatch(const UdpSendBatch&)            = delete;
	UdpSendBatch& operator=(const UdpSendBatch&) = delete;

	~UdpSendBatch()
	{
		this->flusher->data = nullptr;
		uv_prepare_stop(this->flusher);
		uv_close(reinterpret_cast<uv_handle_t*>(this->flusher), OnClosed);
	}

	/** False = the caller sends it itself. */
	bool Add(const uint8_t* data, size_t len, const struct sockaddr* addr)
	{
		if (this->fd < 0 || len > UINT16_MAX || (addr->sa_family != AF_INET && addr->sa_family != AF_INET6))
		{
			return false;
		}

		if (this->datagrams.size() == MaxDatagrams || this->bytes.size() + len > MaxBytes)
		{
			Flush();
		}

		auto* destination = FindDestination(addr);

		if (!destination)
		{
			Flush();
			destination = FindDestination(addr);
		}

		const auto index = static_cast<int32_t>(this->datagrams.size());

		this->datagrams.push_back({ this->bytes.size(), static_cast<uint16_t>(len), -1 });
		this->bytes.insert(this->bytes.end(), data, data + len);

		if (destination->last >= 0)
		{
			this->datagrams[destination->last].next = index;
		}
		else
		{
			destination->first = index;
		}

		destination->last = index;

		if (index == 0)
		{
			// Runs right before the loop waits for events again.
			uv_prepare_start(this->flusher, OnPrepare);
		}

		return true;
	}

	void Flush()
	{
		if (this->datagrams.empty())
		{
			return;
		}

		uv_prepare_stop(this->flusher);

		size_t messageCount{ 0 };
		size_t datagramCount{ 0 };

		for (size_t i{ 0 }; i < this->destinationCount; ++i)
		{
			auto& destination = this->destinations[i];

			for (auto index = destination.first; index >= 0;)
			{
				if (messageCount == MaxMessages)
				{
					SendMessages(messageCount);
					messageCount  = 0;
					datagramCount = 0;
				}

				index = FillMessage(messageCount, destination, index, vectors.data() + datagramCount);
				datagramCount += headers[messageCount].msg_hdr.msg_iovlen;
				++messageCount;
			}
		}

		SendMessages(messageCount);

		this->datagrams.clear();
		this->bytes.clear();
		this->destinationCount = 0;
		this->lastDestination  = 0;
	}

private:
	struct Datagram
	{
		size_t offset;
		uint16_t len;
		/** Of the same destination; -1 = none. */
		int32_t next;
	};

	struct Destination
	{
		struct sockaddr_storage addr;
		socklen_t addrLen;
		int32_t first;
		int32_t last;
	};

	struct Control
	{
		alignas(struct cmsghdr) uint8_t data[CMSG_SPACE(sizeof(uint16_t))];
	};

	static void OnPrepare(uv_prepare_t* handle)
	{
		if (handle->data)
		{
			static_cast<UdpSendBatch*>(handle->data)->Flush();
		}
	}

	static void OnClosed(uv_handle_t* handle)
	{
		delete reinterpret_cast<uv_prepare_t*>(handle);
	}

	static bool IsSame(const struct sockaddr_storage& known, const struct sockaddr* addr)
	{
		if (known.ss_family != addr->sa_family)
		{
			return false;
		}

		if (addr->sa_family == AF_INET)
		{
			const auto& a = reinterpret_cast<const struct sockaddr_in&>(known);
			const auto& b = *reinterpret_cast<const struct sockaddr_in*>(addr);

			return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
		}

		const auto& a = reinterpret_cast<const struct sockaddr_in6&>(known);
		const auto& b = *reinterpret_cast<const struct sockaddr_in6*>(addr);

		return a.sin6_port == b.sin6_port && a.sin6_scope_id == b.sin6_scope_id &&
		       std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof(a.sin6_addr)) == 0;
	}

	/** The search begins with the latest one: a stream with one viewer; and the one behind it: with many in turns. */
	Destination* FindDestination(const struct sockaddr* addr)
	{
		for (size_t i{ 0 }; i < this->destinationCount; ++i)
		{
			auto position = this->lastDestination + i;

			if (position >= this->destinationCount)
			{
				position -= this->destinationCount;
			}

			if (IsSame(this->destinations[position].addr, addr))
			{
				this->lastDestination = position;

				return std::addressof(this->destinations[position]);
			}
		}

		if (this->destinationCount == MaxDestinations)
		{
			return nullptr;
		}

		if (this->destinationCount == this->destinations.size())
		{
			this->destinations.emplace_back();
		}

		this->lastDestination = this->destinationCount++;

		auto& destination = this->destinations[this->lastDestination];

		destination.addrLen = addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
		std::memcpy(&destination.addr, addr, destination.addrLen);
		destination.first = -1;
		destination.last  = -1;

		return std::addressof(destination);
	}

	/** Takes as many datagrams from `index` on as one message can carry; returns the index of the next one. */
	int32_t FillMessage(size_t message, Destination& destination, int32_t index, struct iovec* run)
	{
		const auto segmentSize = this->datagrams[index].len;
		size_t count{ 0 };
		size_t total{ 0 };

		while (index >= 0)
		{
			const auto& datagram = this->datagrams[index];

			// A run is of datagrams of one length; only the last one may be shorter.
			if (
			  count > 0 && (!this->segmentation || count == MaxSegments || datagram.len > segmentSize ||
			                total + datagram.len > MaxSegmentedBytes))
			{
				break;
			}

			run[count++] = { this->bytes.data() + datagram.offset, datagram.len };
			total += datagram.len;
			index = datagram.next;

			if (datagram.len != segmentSize)
			{
				break;
			}
		}

		auto& header = headers[message].msg_hdr;

		header             = {};
		header.msg_name    = std::addressof(destination.addr);
		header.msg_namelen = destination.addrLen;
		header.msg_iov     = run;
		header.msg_iovlen  = count;

		if (count > 1)
		{
			header.msg_control    = controls[message].data;
			header.msg_controllen = sizeof(controls[message].data);

			auto* control = CMSG_FIRSTHDR(&header);

			control->cmsg_level = IPPROTO_UDP;
			control->cmsg_type  = UDP_SEGMENT;
			control->cmsg_len   = CMSG_LEN(sizeof(segmentSize));
			std::memcpy(CMSG_DATA(control), &segmentSize, sizeof(segmentSize));
		}

		return index;
	}

	void SendMessages(size_t count)
	{
		size_t sent{ 0 };

		while (sent < count)
		{
			// What libuv has queued goes first.
			const bool queued = uv_udp_get_send_queue_count(this->socket) > 0;
			const int result =
			  queued ? -1
			         : sendmmsg(
			             this->fd, headers.data() + sent, static_cast<unsigned int>(count - sent), MSG_DONTWAIT);

			if (result > 0)
			{
				sent += static_cast<size_t>(result);
			}
			else if (queued || errno != EINTR)
			{
				// EIO: the network device cannot do the checksums of segments.
				if (!queued && errno == EIO)
				{
					this->segmentation = false;
				}

				SendEach(headers[sent].msg_hdr);
				++sent;
			}
		}
	}

	void SendEach(const struct msghdr& header)
	{
		for (size_t i{ 0 }; i < header.msg_iovlen; ++i)
		{
			const auto& vector = header.msg_iov[i];

			this->sendOne(
			  this->owner,
			  static_cast<const uint8_t*>(vector.iov_base),
			  vector.iov_len,
			  static_cast<const struct sockaddr*>(header.msg_name));
		}
	}

private:
	uv_udp_t* socket{ nullptr };
	void* owner{ nullptr };
	SendOne sendOne{ nullptr };
	/** Freed by libuv's close callback. */
	uv_prepare_t* flusher{ nullptr };
	int fd{ -1 };
	bool segmentation{ false };
	std::vector<uint8_t> bytes;
	std::vector<Datagram> datagrams;
	std::vector<Destination> destinations;
	size_t destinationCount{ 0 };
	size_t lastDestination{ 0 };
	// Used only during Flush(), which never runs inside itself.
	static inline thread_local std::array<struct mmsghdr, MaxMessages> headers;
	static inline thread_local std::array<Control, MaxMessages> controls;
	static inline thread_local std::array<struct iovec, MaxDatagrams> vectors;
};
