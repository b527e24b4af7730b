/**
 * Capability flags of the MySQL protocol that the front-end reads or changes.
 * The numbers are the protocol's own (`include/mysql_com.h` of the server).
 */
export const capability = {
  longPassword: 1 << 0,
  connectWithDatabase: 1 << 3,
  compress: 1 << 5,
  localFiles: 1 << 7,
  protocol41: 1 << 9,
  tls: 1 << 11,
  secureConnection: 1 << 15,
  pluginAuth: 1 << 19,
  connectAttributes: 1 << 20,
  pluginAuthLengthEncoded: 1 << 21,
  deprecateEof: 1 << 24,
  optionalMetadata: 1 << 25,
  zstdCompression: 1 << 26,
  queryAttributes: 1 << 27,
  multiFactorAuth: 1 << 28,
} as const

/**
 * Never announced to clients: each would change the framing of commands or replies, and nothing that
 * Aurora does depends on it.
 */
export const hiddenCapabilities =
  capability.optionalMetadata |
  capability.zstdCompression |
  capability.queryAttributes |
  capability.multiFactorAuth

/** Bits of the status flags that OK and EOF packets carry. */
export const serverStatus = {
  inTransaction: 0x0001,
  autocommit: 0x0002,
  moreResults: 0x0008,
  inReadOnlyTransaction: 0x2000,
} as const
