/** The identity of a data folder, or the beginning of one. */

import { readFile } from "node:fs/promises";
import { FaultError, messageOf, type Ports } from "@haversack/base";
import type { WorkerSettings } from "../config/settle.ts";
import { Access } from "./access.ts";
import type { EnrolmentParts } from "./enrolment.ts";
import {
  type Identity,
  newCertificateIdentity,
  newCredentialIdentity,
  readIdentity,
  readWorkerId,
  writeIdentity,
} from "./identity-file.ts";

/** A join token of a worker that has joined is of no matter: the same command starts it again. */
export async function openEnrolment(
  folder: string,
  settings: WorkerSettings,
  ports: Ports,
): Promise<EnrolmentParts> {
  const { coordinatorUrls: urls, token, joinToken, localCaFile } = settings;
  const stored = await readIdentity(folder);
  const identity =
    stored !== undefined && isUsable(stored, settings) ? stored : await begin(folder, settings, ports);
  const access = new Access({ localCa: await readCa(localCaFile) }, identity);
  return {
    folder,
    urls,
    access,
    ports,
    ...(joinToken === undefined ? {} : { joinToken }),
    ...(token === undefined ? {} : { token }),
  };
}

/** One that has not joined begins anew when it is told to trust somebody else, or comes by another way. */
function isUsable(identity: Identity, { joinToken, coordinatorUrls }: WorkerSettings): boolean {
  if (identity.kind === "credential") return identity.joined || !wantsCertificate(joinToken, coordinatorUrls);
  return identity.issued !== undefined || joinToken === undefined || joinToken.caPin === identity.caPin;
}

const wantsCertificate = (joinToken: unknown, urls: readonly URL[]): boolean =>
  joinToken !== undefined && urls.every(({ protocol }) => protocol === "https:");

async function begin(
  folder: string,
  { joinToken, coordinatorUrls }: WorkerSettings,
  ports: Ports,
): Promise<Identity> {
  const workerId = await readWorkerId(folder, ports.random);
  const identity =
    joinToken !== undefined && wantsCertificate(joinToken, coordinatorUrls)
      ? await newCertificateIdentity(workerId, joinToken.caPin)
      : newCredentialIdentity(workerId);
  await writeIdentity(folder, identity);
  return identity;
}

async function readCa(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new FaultError(
      "invalid",
      "bad_ca_file",
      `the certificate ${file} cannot be read: ${messageOf(error)}`,
    );
  }
}
