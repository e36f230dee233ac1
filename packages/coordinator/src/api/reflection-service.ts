/** Server reflection (v1): lets `grpcurl` and its kin list and call the API without our proto files. */

import { type DescExtension, type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import type { ServerReflection } from "@haversack/protocol";

type Impl = ServiceImpl<typeof ServerReflection>;
type Request = Parameters<Impl["serverReflectionInfo"]>[0] extends AsyncIterable<infer R> ? R : never;

export function reflectionService(services: readonly DescService[]): Impl {
  const files = new Map(
    services.flatMap((service) => withImports(service.file)).map((file) => [file.proto.name, file]),
  );
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        yield {
          validHost: request.host,
          originalRequest: request,
          messageResponse: answer(request, services, files),
        };
      }
    },
  };
}

function answer(
  { messageRequest }: Request,
  services: readonly DescService[],
  files: ReadonlyMap<string, DescFile>,
) {
  switch (messageRequest.case) {
    case "listServices":
      return {
        case: "listServicesResponse" as const,
        value: { service: services.map(({ typeName }) => ({ name: typeName })) },
      };
    case "fileByFilename":
      return fileAnswer(files.get(messageRequest.value));
    case "fileContainingSymbol":
      return fileAnswer([...files.values()].find((file) => declares(file, messageRequest.value)));
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = messageRequest.value;
      const isIt = ({ extendee, number }: DescExtension) =>
        extendee.typeName === containingType && number === extensionNumber;
      return fileAnswer([...files.values()].find((file) => file.extensions.some(isIt)));
    }
    case "allExtensionNumbersOfType": {
      const baseTypeName = messageRequest.value;
      const known = [...files.values()].flatMap((file) => file.extensions);
      const extensionNumber = known
        .filter(({ extendee }) => extendee.typeName === baseTypeName)
        .map(({ number }) => number);
      return { case: "allExtensionNumbersResponse" as const, value: { baseTypeName, extensionNumber } };
    }
    case undefined:
      return failure(Code.Unimplemented, "the request asks nothing");
  }
}

function fileAnswer(file: DescFile | undefined) {
  if (file === undefined) return failure(Code.NotFound, "no such file or symbol");
  const fileDescriptorProto = withImports(file).map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto),
  );
  return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } };
}

const failure = (errorCode: Code, errorMessage: string) => ({
  case: "errorResponse" as const,
  value: { errorCode, errorMessage },
});

function declares(file: DescFile, symbol: string): boolean {
  const within = (typeName: string): boolean => symbol === typeName || symbol.startsWith(`${typeName}.`);
  return [...file.services, ...file.messages, ...file.enums, ...file.extensions].some(({ typeName }) =>
    within(typeName),
  );
}

/** The file and everything that it needs, the file first. */
function withImports(file: DescFile): DescFile[] {
  return [...new Set([file, ...file.dependencies.flatMap(withImports)])];
}
