/** GB/T 28181 13.6: `<senderID>:<senderSeq>,<receiverID>:<receiverSeq>`. */
export interface Subject {
  readonly senderId: string;
  readonly senderSeq: string;
  readonly receiverId: string;
  readonly receiverSeq: string;
}

/** Reads a Subject header; missing parts are empty, a missing comma is no error. */
export function parseSubject(value: string): Subject {
  const [sender = '', receiver = ''] = value.split(',', 2);
  const [senderId = '', senderSeq = ''] = sender.split(':', 2).map((part) => part.trim());
  const [receiverId = '', receiverSeq = ''] = receiver.split(':', 2).map((part) => part.trim());
  return { senderId, senderSeq, receiverId, receiverSeq };
}

export function formatSubject({ senderId, senderSeq, receiverId, receiverSeq }: Subject): string {
  return `${senderId}:${senderSeq},${receiverId}:${receiverSeq}`;
}
