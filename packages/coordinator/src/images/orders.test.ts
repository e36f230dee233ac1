import { expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { imageLink, statusOf } from "../testing/image-samples.ts";
import { ImageOrders } from "./orders.ts";

test("each answer goes to who asked; of another worker, or a second one, to nobody", async () => {
  const clock = new FakeClock();
  const orders = new ImageOrders(clock);
  const [w, v] = [imageLink("w"), imageLink("v")];
  const first = orders.give(w.link, "base", { kind: "look" });
  const second = orders.give(w.link, "base", { kind: "cancel", by: "me" });
  expect(w.sent).toMatchObject([{ order: { id: 1, order: { kind: "look" } } }, { order: { id: 2 } }]);
  orders.take(v.link, { id: 1, resumed: true });
  orders.take(w.link, { id: 2, resumed: false, status: statusOf("cancelled", 2) });
  orders.take(w.link, { id: 1, resumed: false, status: statusOf("absent", 1) });
  orders.take(w.link, { id: 1, resumed: true });
  expect((await first).status?.state).toBe("absent");
  expect((await second).status?.state).toBe("cancelled");
  expect([orders.pending, clock.timers]).toEqual([0, 0]);
});

test("a worker that says nothing, or goes away, is unavailable, and nothing is left of the order", async () => {
  const clock = new FakeClock();
  const orders = new ImageOrders(clock);
  const { link, end } = imageLink("w");
  const late = orders.give(link, "base", { kind: "look" });
  clock.advance(10_000);
  await expect(late).rejects.toMatchObject({
    fault: "unavailable",
    message: expect.stringContaining("did not answer") as string,
  });
  const gone = orders.give(link, "base", { kind: "look" });
  end();
  await expect(gone).rejects.toMatchObject({ fault: "unavailable" });
  await expect(orders.give(link, "base", { kind: "look" })).rejects.toMatchObject({ fault: "unavailable" });
  expect([orders.pending, clock.timers]).toEqual([0, 0]);
});
