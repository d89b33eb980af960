// What is changed in the worker's sources before they are compiled. A text that is not there exactly once ends the build.
import * as fs from 'node:fs';
import * as path from 'node:path';

/** @param {string} source the copy of mediasoup's worker folder @returns {void} */
export function patchSources(source) {
  allowOldMeson(source);
  passThroughBioResults(source);
  batchDatagrams(source);
  readManyDatagrams(source);
  unpackBundles(source);
}

function patch(source, file, pairs) {
  const target = path.join(source, file);
  const text = pairs.reduce(
    (before, [from, to]) => {
      const parts = before.split(from);
      if (parts.length !== 2) throw new Error(`cannot patch ${file}: found ${parts.length - 1} times: ${from}`);
      return parts.join(to);
    },
    fs.readFileSync(target, 'utf8'),
  );
  fs.writeFileSync(target, text);
}

/** Debian 12 ships Meson 1.0.1; nothing newer is used. */
function allowOldMeson(source) {
  patch(source, 'meson.build', [[/meson_version: '>= [\d.]+'/, "meson_version: '>= 1.0.0'"]]);
}

/**
 * Distribution builds of OpenSSL have kernel TLS compiled in and ask the BIO whether it is active
 * (BIO_CTRL_GET_KTLS_SEND). The callback must pass through the result of every *_RETURN operation,
 * or OpenSSL skips allocating its write buffer and crashes in the first DTLS handshake.
 */
function passThroughBioResults(source) {
  patch(source, 'src/RTC/DtlsTransport.cpp', [
    [
      '(operationType == BIO_CB_RETURN) ? static_cast<long>(ret) : 1',
      '((operationType & BIO_CB_RETURN) != 0) ? static_cast<long>(ret) : 1',
    ],
  ]);
}

/**
 * A system call for each packet to each viewer is most of the worker's CPU time. Datagrams are collected for the rest of
 * the event loop's iteration (source/include/handles/UdpSendBatch.hpp); what wants to know when it was sent is not.
 */
function batchDatagrams(source) {
  patch(source, 'include/handles/UdpSocketHandle.hpp', [
    ['#include "common.hpp"\n', '#include "common.hpp"\n#include "handles/UdpSendBatch.hpp"\n'],
    [
      'private:\n\tvoid InternalClose();',
      'private:\n\tvoid SendNow(\n\t  const uint8_t* data, size_t len, const struct sockaddr* addr, UdpSocketHandle::onSendCallback* cb);\n\tvoid InternalClose();',
    ],
    ['\tuv_udp_t* uvHandle{ nullptr };\n', '\tuv_udp_t* uvHandle{ nullptr };\n\tUdpSendBatch sendBatch;\n'],
  ]);
  patch(source, 'src/handles/UdpSocketHandle.cpp', [
    [
      'UdpSocketHandle::UdpSocketHandle(uv_udp_t* uvHandle) : uvHandle(uvHandle)\n',
      `UdpSocketHandle::UdpSocketHandle(uv_udp_t* uvHandle)
  : uvHandle(uvHandle),
    sendBatch(
      uvHandle,
      this,
      [](void* owner, const uint8_t* data, size_t len, const struct sockaddr* addr)
      {
	      auto* handle = static_cast<UdpSocketHandle*>(owner);

	      handle->sentBytes -= len;
	      handle->SendNow(data, len, addr, nullptr);
      })
`,
    ],
    [
      'void UdpSocketHandle::Send(\n',
      `void UdpSocketHandle::Send(
  const uint8_t* data, size_t len, const struct sockaddr* addr, UdpSocketHandle::onSendCallback* cb)
{
	MS_TRACE();

	if (!cb && !this->closed && len > 0 && this->sendBatch.Add(data, len, addr))
	{
		this->sentBytes += len;

		return;
	}

	this->sendBatch.Flush();
	SendNow(data, len, addr, cb);
}

void UdpSocketHandle::SendNow(
`,
    ],
    ['\tthis->closed = true;\n', '\tthis->sendBatch.Flush();\n\tthis->closed = true;\n'],
  ]);
}

/** libuv reads with recvmmsg(), but only as many datagrams at once as the buffer has room for at 64 KiB each. */
function readManyDatagrams(source) {
  patch(source, 'src/handles/UdpSocketHandle.cpp', [
    [
      'static constexpr size_t ReadBufferSize{ 65536 };\n',
      'static constexpr size_t ReadBufferSize{ 65536 };\nstatic constexpr size_t ReadBufferCount{ 20 };\n',
    ],
    ['ReadBuffer[ReadBufferSize];', 'ReadBuffer[ReadBufferCount * ReadBufferSize];'],
    ['\tbuf->len = ReadBufferSize;', '\tbuf->len = ReadBufferCount * ReadBufferSize;'],
  ]);
}

/** The media threads send the packets of a frame as one datagram (source/include/RTC/PacketBundle.hpp). */
function unpackBundles(source) {
  patch(source, 'src/RTC/PlainTransport.cpp', [
    ['#include "RTC/PlainTransport.hpp"\n', '#include "RTC/PlainTransport.hpp"\n#include "RTC/PacketBundle.hpp"\n'],
    [
      `		RTC::TransportTuple tuple(socket, remoteAddr);

		OnPacketReceived(&tuple, data, len, bufferLen, receivedAtUs);
`,
      `		RTC::TransportTuple tuple(socket, remoteAddr);

		if (RTC::PacketBundle::IsBundle(data, len))
		{
			if (len == sizeof(RTC::PacketBundle::Mark))
			{
				socket->Send(data, len, remoteAddr, nullptr);
			}

			RTC::PacketBundle::ForEach(
			  data,
			  len,
			  [this, &tuple, receivedAtUs](const uint8_t* packet, size_t packetLen, size_t packetBufferLen)
			  { OnPacketReceived(&tuple, packet, packetLen, packetBufferLen, receivedAtUs); });

			return;
		}

		OnPacketReceived(&tuple, data, len, bufferLen, receivedAtUs);
`,
    ],
  ]);
}
