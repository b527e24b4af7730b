/** A module with the shape of `mysql2/promise`; otherwise as `aurora-mysql2/mysql2`. */
import mysqlPromise from 'mysql2/promise'
import { createConnection, createPool, createPoolCluster } from './promises.js'

export * from 'mysql2/promise'
export { createConnection, createPool, createPoolCluster }

const replaced = { createPool, createConnection, createPoolCluster }

// biome-ignore lint/style/noDefaultExport: mysql2/promise is used by its default import too
export default Object.defineProperties(
  {},
  {
    ...Object.getOwnPropertyDescriptors(mysqlPromise),
    ...Object.getOwnPropertyDescriptors(replaced),
  },
) as typeof mysqlPromise & typeof replaced
