import type { StorageAccounts } from '../storage.js'
import type { ServerProgram } from './find-server.js'

/** What Aurora's master user may do. */
const writerRights =
  'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER'

const readerRights = 'SELECT, PROCESS, SHOW DATABASES, CREATE TEMPORARY TABLES, EXECUTE, SHOW VIEW'

/**
 * The statements that make the database and the accounts. The role is what a reader's session takes on
 * when its instance is promoted under it.
 */
export function accountsSql(
  program: ServerProgram,
  accounts: StorageAccounts,
  adminPassword: string,
): readonly string[] {
  const database = `\`${accounts.database.replaceAll('`', '``')}\``
  const writer = `${quote(accounts.user)}@'%'`
  const reader = `${quote(accounts.readerUser)}@'%'`
  const password = quote(accounts.password)
  // Error 1524 (unknown plugin) is avoided by MySQL's own default; MariaDB's is mysql_native_password.
  const statements = [
    `CREATE DATABASE ${database} CHARACTER SET utf8mb4`,
    `CREATE USER ${writer} IDENTIFIED BY ${password}`,
    `CREATE USER ${reader} IDENTIFIED BY ${password}`,
    'CREATE ROLE aurora_writer',
    `GRANT ${writerRights} ON *.* TO ${writer} WITH GRANT OPTION`,
    `GRANT ${writerRights} ON *.* TO aurora_writer WITH GRANT OPTION`,
    `GRANT ${readerRights} ON *.* TO ${reader}`,
    `GRANT aurora_writer TO ${reader}`,
    `ALTER USER 'root'@'localhost' IDENTIFIED BY ${quote(adminPassword)}`,
  ]
  return program.flavour === 'mysql' ? ['SET SESSION sql_log_bin = 0', ...statements] : statements
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
