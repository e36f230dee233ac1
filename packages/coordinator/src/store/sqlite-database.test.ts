import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { manyRows, SqliteTx } from "./sqlite-database.ts";

const insert = {
  rows: "many",
  sqlite: `insert into t (a, b)
           values (?1, ?2)`,
  postgres: "",
} as const;

test.for([0, 1, 31, 32, 33, 100])("%i rows are inserted, each with its own values", (count) => {
  using db = new DatabaseSync(":memory:");
  db.exec("create table t (a integer, b text)");
  const rows = Array.from({ length: count }, (_, index) => [index, `b${index}`]);
  new SqliteTx(db).each(insert, rows);
  const found = db.prepare("select a, b from t order by a").all();
  expect(found.map(({ a, b }) => [a, b])).toEqual(rows);
});

test("what is no insert of one row is refused", () => {
  expect(() => manyRows("update t set a = ?1")).toThrow("an insert of one row");
  expect(() => manyRows("insert into t (a) values (?1, 5)")).toThrow("an insert of one row");
});
