import { ROW_COUNT } from '../client/contestants.mjs'

const NUMBERS = Array.from({ length: ROW_COUNT }, (_, index) => index + 1)

/** What is measured on; the largest statement is 4 MB. */
export const TABLES = [
  'CREATE TABLE app.item (id INT PRIMARY KEY, text VARCHAR(50))',
  `INSERT INTO app.item VALUES ${NUMBERS.map((number) => `(${number}, 'text of item ${number}')`).join()}`,
  'CREATE TABLE app.large_item (id INT PRIMARY KEY, content LONGBLOB)',
]
