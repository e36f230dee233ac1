import { clone, type DescMethod, type DescService } from "@bufbuild/protobuf";
import { MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { Health, methodPermission, RunService, roles, WorkerService } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { services } from "../api/routes.ts";
import { methodRules, permits, roleFor } from "./permissions.ts";

describe("what roles may do", () => {
  const may = (role: (typeof roles)[number]) =>
    (["public", "view", "operate", "edit", "administer", "work", "join", "metrics"] as const).filter(
      (asked) => permits(role, asked),
    );

  test("the first four include each other; a worker may become one", () => {
    expect(Object.fromEntries(roles.map((role) => [role, may(role)]))).toEqual({
      viewer: ["public", "view", "metrics"],
      operator: ["public", "view", "operate", "metrics"],
      editor: ["public", "view", "operate", "edit", "metrics"],
      admin: ["public", "view", "operate", "edit", "administer", "metrics"],
      worker: ["public", "work", "join"],
      join: ["public", "join"],
      metrics: ["public", "metrics"],
    });
  });

  test("the role to ask for is the least one", () => {
    expect([roleFor("view"), roleFor("edit"), roleFor("administer"), roleFor("work")]).toEqual([
      "viewer",
      "editor",
      "admin",
      "worker",
    ]);
  });
});

describe("what methods ask for", () => {
  test("every method that is served has a rule, and only health is public", () => {
    const rules = methodRules(services);
    expect(rules.size).toBe(services.flatMap(({ methods }) => methods).length);
    const open = [...rules].filter(([, { permission }]) => permission === "public").map(([name]) => name);
    expect(open).toEqual(Health.methods.map(({ name }) => `grpc.health.v1.Health/${name}`));
  });

  test("changing what runs is for editors: the text of a DAG, wherever it comes in", () => {
    const rules = methodRules(services);
    expect(rules.get("haversack.v1.DagService/Put")?.permission).toBe("edit");
    expect(rules.get("haversack.v1.MemoryService/Revert")?.permission).toBe("edit");
    const submit = rules.get("haversack.v1.RunService/Submit");
    expect(submit?.permission).toBe("operate");
    expect(submit?.fields.map(({ field, permission }) => [field.name, permission])).toEqual([
      ["dag", "edit"],
    ]);
    for (const { name } of WorkerService.methods)
      expect(rules.get(`haversack.v1.WorkerService/${name}`)?.permission).toBe("work");
  });

  test("a method that declares nothing stops the start, by its name", () => {
    const options = clone(MethodOptionsSchema, RunService.method.get.proto.options ?? missing());
    delete options.$unknown;
    const bare = {
      ...RunService.method.get,
      proto: { ...RunService.method.get.proto, options },
    } as DescMethod;
    expect(methodPermission(bare)).toBeUndefined();
    const service = { ...RunService, methods: [bare] } as DescService;
    expect(() => methodRules([service])).toThrow("haversack.v1.RunService/Get declares no permission");
  });

  test("a field with a permission in a stream stops the start: nobody would check it", () => {
    const method = { ...RunService.method.submit, methodKind: "server_streaming" } as unknown as DescMethod;
    expect(() => methodRules([{ ...RunService, methods: [method] }])).toThrow("is a stream");
  });
});

function missing(): never {
  throw new Error("the method has options");
}
