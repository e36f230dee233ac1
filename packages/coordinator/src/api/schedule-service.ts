/** ScheduleService: decode, call, encode. */

import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import {
  type JsonObject,
  required,
  type ScheduleInfo,
  type ScheduleService,
  scheduleToWire,
  tickToWire,
} from "@haversack/protocol";
import { parseCron, timesAfter } from "../dag/cron.ts";
import { backfill, type OnDemandParts, trigger } from "../schedule/on-demand.ts";
import type { StoredSchedule } from "../store/verbs/schedule-verbs.ts";

const nextCount = 3;
const ticksDefault = 5;
const ticksMax = 100;
const noteCharactersMax = 500;

export function scheduleService(parts: OnDemandParts): ServiceImpl<typeof ScheduleService> {
  const { store, clock, ring } = parts;
  return {
    async list({ dagName, ticks }) {
      if (dagName !== "") await store.read.dagRead({ name: dagName });
      const schedules = await store.read.schedulesList({ dagName });
      const limit = ticks === 0 ? ticksDefault : Math.min(ticks, ticksMax);
      const infos = schedules.map(async (schedule) => scheduleToWire(await infoOf(parts, schedule, limit)));
      return { schedules: await Promise.all(infos) };
    },
    async pause({ dagName, index, note }) {
      if (note.length > noteCharactersMax) {
        throw new FaultError("invalid", "bad_note", `a note has at most ${noteCharactersMax} characters`);
      }
      const which = { dagName, ...(index === undefined ? {} : { index }) };
      return { changed: await store.write.schedulePause({ ...which, note, now: clock.now() }) };
    },
    async resume({ dagName, index }) {
      const which = { dagName, ...(index === undefined ? {} : { index }) };
      const changed = await store.write.scheduleResume({ ...which, now: clock.now() });
      ring();
      return { changed };
    },
    async trigger({ dagName, index, params, idempotencyKey }) {
      const asked = { dagName, index, params: (params ?? {}) as JsonObject, idempotencyKey };
      return await trigger(parts, asked);
    },
    async backfill({ dagName, index, from, to }) {
      const range = { from: timestampMs(required(from, "from")), to: timestampMs(required(to, "to")) };
      const ticks = await backfill(parts, { dagName, index }, range);
      return { ticks: ticks.map(({ existed, ...tick }) => ({ tick: tickToWire(tick), existed })) };
    },
  };
}

async function infoOf(
  { store, clock }: OnDemandParts,
  { dagName, index, spec, paused, queued }: StoredSchedule,
  limit: number,
): Promise<ScheduleInfo> {
  const next =
    paused === undefined ? timesAfter(parseCron(spec.cron, spec.timezone), clock.now(), nextCount) : [];
  const ticks = await store.read.ticksList({ dagName, index, limit });
  return { ...spec, dagName, index, next, ticks, queued, ...(paused === undefined ? {} : { paused }) };
}
