/** What a container gets from its host: the storage pool and the network of the default profile, an address of its own. */

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { messageOf } from "@haversack/base";
import type { ContainerSpec, MountSpec } from "../container.ts";
import { refused } from "../runtime-faults.ts";
import { instancesForm, serverForm } from "./answers.ts";
import { freeAddress, subnetOf } from "./free-address.ts";
import {
  type LxdNetwork,
  type LxdPool,
  leasesForm,
  networksForm,
  poolsForm,
  profileForm,
} from "./host-answers.ts";
import type { Surroundings } from "./instance-of.ts";
import type { LxdClient } from "./lxd-client.ts";
import type { MountSource } from "./staged-mounts.ts";

export interface Placed extends Surroundings {
  /** What answers names for it, when it has a way out. */
  readonly nameServer?: string;
}

/** Its bridge hands out no address of its own accord: nothing in the image would ask for one. */
type Card = Pick<Placed, "card" | "cardLines" | "nameServer">;

export async function surroundingsOf(
  client: LxdClient,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<Placed> {
  const profile = profileForm.parse(await client.get("/1.0/profiles/default", {}, signal));
  const card =
    spec.network === "none" ? loopbackOnly : await cardOf(client, profile.devices, spec.name, signal);
  const sources = new Map<MountSpec, MountSource>();
  for (const mount of spec.mounts) sources.set(mount, await lookAt(mount));
  const { name: pool } = await poolAndDriver(client, signal);
  const { environment } = serverForm.parse(await client.get("/1.0", {}, signal));
  const guestKey = environment.server === "incus" ? "security.guestapi" : "security.devlxd";
  return { pool, guestKey, ...card, sourceOf: (mount) => sources.get(mount) ?? { isFile: false } };
}

/** Of the default profile; without one there, the first. */
export async function poolAndDriver(client: LxdClient, signal: AbortSignal): Promise<LxdPool> {
  const { devices } = profileForm.parse(await client.get("/1.0/profiles/default", {}, signal));
  const root = Object.values(devices).find(({ type, path }) => type === "disk" && path === "/");
  const pools = poolsForm.parse(await client.get("/1.0/storage-pools?recursion=1", {}, signal));
  const pool = pools.find(({ name }) => name === root?.["pool"]) ?? pools[0];
  if (pool === undefined) throw refused("it has no storage pool; make one, for example with `lxd init`");
  return pool;
}

/** A pair of cards whose other end is connected to nothing: without any card, loopback stays down. */
const loopbackOnly: Card = { card: { name: "none0", nictype: "p2p" }, cardLines: "" };

async function cardOf(
  client: LxdClient,
  devices: Readonly<Record<string, Readonly<Record<string, string>>>>,
  name: string,
  signal: AbortSignal,
): Promise<Card> {
  const theirs = Object.values(devices).find(({ type }) => type === "nic");
  if (theirs?.["parent"] !== undefined) {
    const { nictype = "bridged", parent } = theirs;
    return { card: { name: "eth0", nictype, parent }, cardLines: "" };
  }
  const networks = networksForm.parse(await client.get("/1.0/networks?recursion=1", {}, signal));
  const bridges = networks.filter(({ managed, type }) => managed && type === "bridge");
  const network = bridges.find((each) => each.name === theirs?.["network"]) ?? bridges[0];
  if (network === undefined) {
    throw refused("it has no network for containers; make one, for example with `lxc network create`");
  }
  return await cardOn(client, network, name, signal);
}

async function cardOn(
  client: LxdClient,
  network: LxdNetwork,
  name: string,
  signal: AbortSignal,
): Promise<Card> {
  const subnet = subnetOf(network.config["ipv4.address"] ?? "none");
  if (subnet === undefined) return { card: { name: "eth0", network: network.name }, cardLines: "" };
  const seed = createHash("sha256").update(name).digest().readUInt32BE(0);
  const address = freeAddress(subnet, await takenOn(client, network.name, signal), seed);
  if (address === undefined) throw refused(`its network ${network.name} has no free address`);
  return {
    card: { name: "eth0", network: network.name, "ipv4.address": address },
    cardLines: `lxc.net.0.ipv4.address = ${address}/${subnet.prefix}\nlxc.net.0.ipv4.gateway = ${subnet.gateway}\n`,
    nameServer: subnet.gateway,
  };
}

async function takenOn(client: LxdClient, network: string, signal: AbortSignal): Promise<Set<string>> {
  const path = `/1.0/networks/${encodeURIComponent(network)}/leases`;
  const leases = leasesForm.parse(await client.get(path, {}, signal));
  const instances = instancesForm
    .parse(await client.get("/1.0/instances?recursion=1", {}, signal))
    .flatMap(({ expanded_devices }) => Object.values(expanded_devices))
    .flatMap((device) => device["ipv4.address"] ?? []);
  return new Set([...leases.map(({ address }) => address), ...instances]);
}

async function lookAt({ source }: MountSpec): Promise<MountSource> {
  try {
    return { isFile: !(await stat(source)).isDirectory() };
  } catch (error) {
    throw refused(`cannot mount ${source}: ${messageOf(error)}`, error);
  }
}
