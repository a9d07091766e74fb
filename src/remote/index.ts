/**
 * `latchkey/remote`: applications on other machines: where they are registered, the servers that start them, and the links between
 * machines that may not see each other. It knows nothing of pages and of the command line.
 */
export {
  type AllocateOptions,
  allocateApplicationWithModelServer,
  type ModelServerFinder,
  proofFor,
} from './client/allocate.ts';
export {
  type AllocationProgress,
  awaitAllocation,
  type WaitForAllocation,
} from './client/await-allocation.ts';
export { type ApplicationLink, connectApplications } from './client/connect-applications.ts';
export { connectLinked, type LinkedObject, type Reach } from './client/linked-object.ts';
export {
  type AllocatedJob,
  type Protection,
  RemoteModel,
  type RemoteModelParts,
} from './client/remote-model.ts';
export { type Registered, type TrueAddress, trueAddress } from './client/true-address.ts';
export { sweepLinkBoard } from './link/board-sweep.ts';
export type { Link, LinkParts } from './link/link.ts';
export { type LinkBoard, linkBoard, openLinkBoard, type PostedReport } from './link/link-board.ts';
export { LINK_KEYS_OBJECT, LinkKeys } from './link/link-keys.ts';
export { drawLinks, linkLines } from './link/link-map.ts';
export {
  linkReportDirectory,
  linkReportPath,
  type ReportOptions,
  readLinkReports,
  reportLinks,
} from './link/link-report.ts';
export type { LinkState } from './link/link-state.ts';
export { Links, type LinksOptions, type OpenOptions } from './link/links.ts';
export {
  layOutLinks,
  type MapArrow,
  type MapColumns,
  type MapLayout,
  type MapMachine,
} from './link/map-layout.ts';
export { mapLines } from './link/map-lines.ts';
export { HERE, type Place } from './link/place.ts';
export type { LinkReport, LinksReport } from './link/report-format.ts';
export { type LinkMode, machinesOn, type Route, routeBetween } from './link/route.ts';
export { loadModelClass, type ModelClass, type ModelJob, serveModel } from './model/serve-model.ts';
export type { Caller } from './model-server/caller.ts';
export { getFile, putFile, type TransferOptions } from './model-server/files/transfer.ts';
export { type BatchHostOptions, batchHost } from './model-server/host/batch/batch-host.ts';
export { localHost } from './model-server/host/local-host.ts';
export type {
  BatchIdentity,
  KeptModel,
  ModelHost,
  ProcessEnd,
  QueueFacts,
  RunningModel,
  StartSpec,
  Whereabouts,
} from './model-server/host/model-host.ts';
export type { EndReason, JobEnding, JobEntry, JobState } from './model-server/job-entry.ts';
export type { ManagedJob } from './model-server/managed-job.ts';
export { ModelServer } from './model-server/model-server.ts';
export type { ModelServerEvent, ModelServerParts } from './model-server/server-parts.ts';
export { modelAccess } from './model-server/service/prove-model.ts';
export { registerModelServer } from './model-server/service/register-server.ts';
export {
  MODEL_SERVER_CONTROL,
  type ServedModelServer,
  type ServeOptions,
  serveModelServer,
  watchModelOrphans,
} from './model-server/service/serve-model-server.ts';
export {
  type LegacySettings,
  type NetworkMode,
  readLegacySettings,
} from './model-server/settings/legacy-settings.ts';
export { loadModelSettings, type ModelSettingsSource } from './model-server/settings/load-model-settings.ts';
export {
  DEFAULT_LIMITS,
  type ModelHostSettings,
  type ModelProgram,
  type ModelServerLimits,
  type ModelServerSettings,
} from './model-server/settings/model-server-settings.ts';
export { type SshWords, sshWords } from './model-server/settings/ssh-words.ts';
export type { ModelsSection } from './model-server/settings/toml-settings.ts';
export { connectRegistry } from './registry/connect-registry.ts';
export { MAX_LEASE_SECONDS, NAME_SERVER_NAME, type RegistryEntry } from './registry/entry.ts';
export { type EntrySignature, publicKeyText, signEntry, verifyEntry } from './registry/entry-signature.ts';
export type { EntryOnWire } from './registry/entry-wire.ts';
export { type FindRegistryOptions, type FoundRegistry, findRegistry } from './registry/find-registry.ts';
export { type HostIdentity, loadHostIdentity } from './registry/host-identity.ts';
export { Registration, type RegistrationOptions } from './registry/registration.ts';
export { RegistryClient, type RegistryClientOptions } from './registry/registry-client.ts';
export { RegistryServer, type RegistryServerOptions } from './registry/registry-server.ts';
export type { NameFilter } from './registry/registry-table.ts';
export { type ResolveOptions, resolveUri } from './registry/resolve-uri.ts';
