// For everyone.

// For those who look closer at what failed.
export { AuroraAdapterError } from './adapter-error.js'
export { auroraDetailOf } from './aurora-detail.js'
export { PrismaAuroraMysql2, type PrismaAuroraMysql2Options } from './prisma-aurora-mysql2.js'
