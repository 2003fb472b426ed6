// Written by tools/studio_types.py from the protocol's records and routes: do not edit.

export interface About {
  product: string;
  version: string;
  protocol: string;
}

export interface Access {
  auth: string;
  port: number | null;
  protocols: Array<string>;
  origins: Array<string>;
  log_requests: number;
  legacy_status: number;
}

export interface AddEndpointVersion {
  pipeline: string;
  default: boolean;
}

export interface AddTrash {
  kind: string;
  name: string;
  dry_run: boolean;
}

export interface AddUser {
  name: string;
  role: string;
  workspaces: Record<string, string>;
}

export interface AddressList {
  items: Array<StoreAddress>;
}

export interface AgentReply {
  cancel: boolean;
  stop: boolean;
  others: boolean;
  reason: string;
  hung: boolean;
  first: boolean;
}

export interface AgentReport {
  state: string;
  pid: number;
  host: string;
  message: string;
  warnings: Array<string>;
  tasks: Array<TaskReport> | null;
  attempt: number;
}

export interface AppendEntries {
  client: string;
  sequence: number;
  entries: Array<string>;
  known: number;
  id: string | null;
}

export interface ArchiveQuery {
  folder: string;
}

export interface AskedTrial {
  number: number;
  params: Record<string, unknown>;
}

export interface AttachCompute {
  name: string;
  address: string;
  username: string;
  port: number;
  identity: string;
  known_hosts: string;
  folder: string;
  python: string;
  description: string;
  tags: Record<string, string>;
}

export interface AuditEntry {
  number: number;
  time: string;
  user: string;
  via: string;
  address: string;
  route: string;
  workspace: string;
  object: string;
  outcome: string;
  detail: string;
  count: number;
}

export interface AuditPage {
  items: Array<AuditEntry>;
  next_page_token: string | null;
}

export interface AuditQuery {
  user: string | null;
  object: string | null;
  route: string | null;
  outcome: string | null;
  since: string | null;
  until: string | null;
  page_size: number;
  page_token: string | null;
}

export interface BatchOrders {
  digest: string;
  given: Array<number>;
  total: number;
  done: number;
  failed: number;
  items: number;
  errors: number;
  stop: string;
}

export interface BatchPage {
  items: Array<BatchPlace>;
  more: boolean;
}

export interface BatchPlace {
  number: number;
  digest: string;
  offset: number;
  size: number;
}

export interface BatchReport {
  number: number;
  items: number;
  results: number;
  failed: boolean;
  reason: string;
  digest: string;
  offset: number;
  size: number;
}

export interface BatchResult {
  stored: number;
  refused: Array<Refusal>;
}

export interface Batching {
  max_batch: number;
  max_wait_ms: number;
}

export interface Beat {
  process: string;
}

export interface BeginWrite {
  path: string;
  size: number;
  overwrite: boolean;
  upload: string;
  version: string;
}

export interface BlobList {
  digests: Array<string>;
}

export interface BlobQuery {
  offset: number;
}

export interface BoardList {
  items: Array<BoardRecord>;
}

export interface BoardRecord {
  id: string;
  workspace: string;
  runs: Array<string>;
  state: string;
  path: string;
  error: string;
  started_at: string;
}

export interface CallEndpoint {
  body: string | null;
  path: string;
  deployment: string | null;
}

export interface ChangeCompute {
  min_nodes: number | null;
  max_nodes: number | null;
  idle_seconds: number | null;
}

export interface ChangeDataset {
  description: string | null;
  tags: Record<string, string> | null;
}

export interface ChangeEndpoint {
  tags: Record<string, string>;
  removed_tags: Array<string>;
  properties: Record<string, string>;
  description: string | null;
  access: Access | null;
  traffic: Record<string, number> | null;
  mirror: Record<string, number> | null;
  default: string | null;
  v1: Record<string, unknown> | null;
}

export interface ChangeExperiment {
  notes: string | null;
  tags: Record<string, string> | null;
  removed_tags: Array<string> | null;
  archived: boolean | null;
}

export interface ChangeImage {
  tags: Record<string, string>;
  removed_tags: Array<string>;
  properties: Record<string, string>;
}

export interface ChangeModel {
  tags: Record<string, string>;
  removed_tags: Array<string>;
  properties: Record<string, string>;
  description: string | null;
  resources: ModelResources | null;
  datasets: Array<ModelDataset>;
}

export interface ChangePipelineDraft {
  name: string | null;
  spec: PipelineSpec | null;
  description: string | null;
  experiment: string | null;
  values: Record<string, unknown> | null;
  continue_on_failure: boolean | null;
  tags: Record<string, string | null> | null;
  properties: Record<string, string> | null;
}

export interface ChangePipelineEndpoint {
  name: string | null;
  status: string | null;
  default_version: string | null;
}

export interface ChangePublished {
  status: string;
}

export interface ChangeRegisteredModel {
  name: string | null;
  description: string | null;
  tags: Record<string, string>;
  removed_tags: Array<string>;
}

export interface ChangeRun {
  tags: Record<string, string | null>;
  removed_tags: Array<string>;
  properties: Record<string, string>;
  name: string | null;
  description: string | null;
  warnings: Array<string>;
}

export interface ChangeSchedule {
  name: string | null;
  description: string | null;
  status: string | null;
  recurrence: RecurrenceSpec | null;
  cron: CronSpec | null;
  data: DataTrigger | null;
  values: Record<string, unknown> | null;
  overlap: string | null;
  continue_on_failure: boolean | null;
}

export interface ChangeSweep {
  max_trials: number | null;
  parallel: number | null;
  max_duration_seconds: number | null;
  paused: boolean | null;
  enqueue: Array<Record<string, unknown>>;
}

export interface ChangeUser {
  role: string;
}

export interface ChangeView {
  name: string | null;
  filter: string | null;
  order_by: Array<string> | null;
  columns: Array<string> | null;
  group_by: string | null;
  children: boolean | null;
  charts: Array<string> | null;
  layout: Record<string, ChartLayout> | null;
}

export interface ChangeWorkspace {
  default_datastore: string | null;
  friendly_name: string | null;
  tags: Record<string, string> | null;
  as_of: string | null;
}

export interface ChangedInputs {
  names: Array<string>;
}

export interface ChartLayout {
  pinned: boolean;
  hidden: boolean;
  log: boolean | null;
  smoothing: number | null;
}

export interface CollectorPass {
  began_at: string;
  seconds: number;
  seen: number;
  marked: number;
  removed: number;
  size: number;
}

export interface CommandPage {
  items: Array<CommandRecord>;
}

export interface CommandRecord {
  number: number;
  command: string;
  exit_code: number | null;
  message: string;
}

export interface ComputePage {
  items: Array<ComputeRecord>;
}

export interface ComputeRecord {
  name: string;
  vm_size: string;
  min_nodes: number;
  max_nodes: number;
  idle_seconds: number;
  vm_priority: string;
  created_at: string;
  modified_at: string;
  backend: string;
  cpus: number;
  memory_gb: number;
  gpus: number;
  provisioning_state: string;
  allocation_state: string;
  allocation_changed_at: string;
  current_nodes: number;
  target_nodes: number;
  idle_nodes: number;
  preparing_nodes: number;
  running_nodes: number;
  leaving_nodes: number;
  description: string;
  location: string;
  tags: Record<string, string>;
  warnings: Array<string>;
  site: string;
  kind: string;
}

export interface ContainerRequest {
  image: string;
  dockerfile: string;
  registry: string;
  username: string;
  password_in: string;
  arguments: Array<string>;
  shared_memory: string;
  gpus: boolean;
  interpreter: string;
}

export interface CreateCompute {
  name: string;
  vm_size: string;
  max_nodes: number;
  min_nodes: number;
  idle_seconds: number;
  vm_priority: string;
  description: string;
  tags: Record<string, string>;
  location: string;
  site: string;
  kind: string;
}

export interface CreateEndpoint {
  name: string;
  spec: DeploymentSpec;
  deployment: string;
  kind: string;
  access: Access;
  description: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  replace: boolean;
  primary_key: string | null;
  secondary_key: string | null;
  created_by: string;
  v1: Record<string, unknown>;
}

export interface CreateExperiment {
  name: string;
}

export interface CreateImage {
  name: string;
  spec: DeploymentSpec;
  description: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  v1: Record<string, unknown>;
}

export interface CreatePipelineDraft {
  name: string;
  spec: PipelineSpec | null;
  run: string | null;
  published: string | null;
  draft: string | null;
  description: string;
  experiment: string;
  values: Record<string, unknown>;
  continue_on_failure: boolean;
  tags: Record<string, string | null>;
  properties: Record<string, string>;
  created_by: string;
}

export interface CreatePipelineEndpoint {
  name: string;
  pipeline: string;
  description: string;
}

export interface CreateRegisteredModel {
  name: string;
  description: string;
  tags: Record<string, string>;
}

export interface CreateSchedule {
  name: string;
  experiment: string;
  pipeline: string;
  endpoint: string;
  recurrence: RecurrenceSpec | null;
  cron: CronSpec | null;
  data: DataTrigger | null;
  values: Record<string, unknown>;
  description: string;
  overlap: string;
  continue_on_failure: boolean | null;
}

export interface CreateSnapshot {
  files: Array<FileEntry>;
  brief: boolean;
}

export interface CreateSweep {
  spec: SweepSpec;
  run_id: string | null;
  name: string | null;
  reopen: boolean;
  tags: Record<string, string | null>;
  properties: Record<string, string>;
  inherited: Record<string, string>;
  submitted_by: string;
  parent: string | null;
  submitted_from: string | null;
}

export interface CreateToken {
  name: string;
  user: string | null;
  days: number;
}

export interface CreateView {
  name: string;
  noun: string;
  filter: string;
  order_by: Array<string>;
  columns: Array<string>;
  group_by: string;
  children: boolean;
  charts: Array<string>;
  owner: string;
  layout: Record<string, ChartLayout>;
}

export interface CreateWorkspace {
  name: string;
  subscription_id: string;
  resource_group: string;
  location: string;
  friendly_name: string;
  tags: Record<string, string>;
  exist_ok: boolean;
}

export interface CronSpec {
  expression: string;
  time_zone: string;
}

export interface CutBatches {
  digest: string;
  batches: number;
  attempt: number;
}

export interface DataReference {
  name: string;
  datastore: string;
  path: string;
  mode: string;
  path_on_compute: string;
  overwrite: boolean;
}

export interface DataTrigger {
  datastore: string;
  path: string;
  polling_minutes: number;
  parameter: string;
}

export interface DatasetFile {
  name: string;
  size: number;
  datastore: string;
  path: string;
  url: string;
  modified_at: string;
  digest: string;
  source: number;
}

export interface DatasetFilePage {
  items: Array<DatasetFile>;
  next_page_token: string | null;
}

export interface DatasetFileQuery {
  now: boolean;
  page_size: number;
  page_token: string | null;
}

export interface DatasetMeasure {
  digest: string;
  size: number;
  file_count: number;
  unread: number;
}

export interface DatasetPage {
  items: Array<DatasetRecord>;
  next_page_token: string | null;
}

export interface DatasetQuery {
  name: string | null;
  page_size: number;
  page_token: string | null;
}

export interface DatasetReader {
  kind: string;
  id: string;
  use: string;
  dataset: string;
  digest: string;
  experiment: string;
}

export interface DatasetReaders {
  items: Array<DatasetReader>;
}

export interface DatasetRecord {
  id: string;
  kind: string;
  definition: Record<string, unknown>;
  created_at: string;
  name: string;
  version: number;
  latest: number;
  description: string;
  tags: Record<string, string>;
  digest: string;
  size: number;
  file_count: number;
  created_by: string;
  run: string;
  pinned: boolean;
}

export interface DatastoreFile {
  path: string;
  size: number;
  modified_at: string;
  etag: string;
}

export interface DatastoreFilePage {
  items: Array<DatastoreFile>;
  next_page_token: string | null;
}

export interface DatastoreFileQuery {
  prefix: string;
  page_size: number;
  page_token: string | null;
}

export interface DatastorePage {
  items: Array<DatastoreRecord>;
}

export interface DatastoreRecord {
  name: string;
  datastore_type: string;
  account_name: string;
  container_name: string;
  created_at: string;
  is_default: boolean;
  protocol: string;
  kind: string;
  endpoint: string;
  region: string;
  prefix: string;
  direct: boolean;
}

export interface DeleteWorkspace {
  dry_run: boolean;
}

export interface Deploy {
  spec: DeploymentSpec;
  percent: number | null;
  is_default: boolean | null;
}

export interface DeploymentRecord {
  name: string;
  state: string;
  spec: DeploymentSpec;
  revision: number;
  coming: number | null;
  percent: number;
  mirror: number;
  is_default: boolean;
  replicas: Array<ReplicaRecord>;
  wanted: number;
  reason: string;
  error: string;
  created_at: string;
  updated_at: string;
  environment_lock: string | null;
  requests: number;
  failures: number;
  queue: number;
  latencies: Latencies | null;
}

export interface DeploymentSpec {
  models: Array<string>;
  flavor: string;
  entry_script: string;
  snapshot: string;
  source_directory: string;
  environment: EnvironmentDefinition;
  environment_variables: Record<string, string>;
  target: string;
  resources: Resources;
  scaling: Scaling;
  limits: Limits;
  batching: Batching;
  liveness: Liveness;
  options: Record<string, unknown>;
  description: string;
  tags: Record<string, string>;
  v1: Record<string, unknown>;
}

export interface DoctorReport {
  healthy: boolean;
  findings: Array<Finding>;
}

export interface EdgeRecord {
  source: string;
  target: string;
  kind: string;
  name: string;
}

export interface EndCommand {
  exit_code: number;
}

export interface EndWrite {
  path: string;
  size: number;
  upload: string;
  etags: Array<string>;
  overwrite: boolean;
  abandoned: boolean;
}

export interface EndpointAnswer {
  status: number;
  body: string;
  content_type: string;
  milliseconds: number;
  run_milliseconds: number | null;
}

export interface EndpointKeys {
  primary: string;
  secondary: string;
}

export interface EndpointLog {
  text: string;
}

export interface EndpointLogQuery {
  deployment: string | null;
  lines: number;
  init: boolean;
}

export interface EndpointPage {
  items: Array<EndpointRecord>;
  next_page_token: string | null;
}

export interface EndpointQuery {
  kind: string | null;
  model: string | null;
  tags: Array<string>;
  properties: Array<string>;
  page_size: number;
  page_token: string | null;
}

export interface EndpointRecord {
  name: string;
  workspace: string;
  kind: string;
  state: string;
  created_at: string;
  access: Access;
  deployments: Array<DeploymentRecord>;
  operation: OperationRecord | null;
  address: string;
  reason: string;
  error: string;
  updated_at: string;
  created_by: string;
  description: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  requests: number;
  failures: number;
  last_request_at: string | null;
  last_event: number;
  v1: Record<string, unknown>;
}

export interface EndpointToken {
  token: string;
  refresh_after: string;
  expires_at: string;
}

export interface EndpointVersion {
  version: string;
  pipeline: string;
}

export interface EntriesAppended {
  id: string;
  first: number;
  between: Array<string>;
}

export interface EntryPage {
  id: string;
  first: number;
  entries: Array<string>;
  total: number;
}

export interface EntryQuery {
  first: number;
  limit: number;
  id: string | null;
}

export interface EnvironmentDefinition {
  name: string;
  version: string;
  python: string;
  user_managed: boolean;
  interpreter: string;
  pip: Array<string>;
  conda: Array<string>;
  channels: Array<string>;
  index_url: string;
  as_of: string;
  as_of_from: string;
  docker_image: string;
  compatibility: string;
}

export interface EnvironmentPage {
  items: Array<EnvironmentRecord>;
}

export interface EnvironmentQuery {
  name: string | null;
  version: string | null;
}

export interface EnvironmentRecord {
  name: string;
  version: string;
  definition: EnvironmentDefinition;
  document: string;
  created_at: string;
}

export interface EventPage {
  items: Array<EventRecord>;
  status: string;
}

export interface EventQuery {
  after: number;
  limit: number;
}

export interface EventRecord {
  number: number;
  kind: string;
  time: string;
  message: string;
  status: string | null;
  data: Record<string, string>;
}

export interface Exchange {
  client: string;
  sequence: number;
  ask: number;
  told: Array<Told>;
  reported: Array<Reported>;
  returned: Array<number>;
  leaves: boolean;
}

export interface ExchangeBatches {
  attempt: number;
  wanted: number;
  held: Array<number>;
  results: Array<BatchReport>;
}

export interface Exchanged {
  trials: Array<AskedTrial>;
  verdicts: Array<TrialVerdict>;
  ended: boolean;
  reason: string;
  over: boolean;
}

export interface ExperimentPage {
  items: Array<ExperimentRecord>;
  next_page_token: string | null;
  looked_at: number | null;
}

export interface ExperimentQuery {
  page_size: number;
  page_token: string | null;
}

export interface ExperimentRecord {
  id: string;
  name: string;
  created_at: string;
  run_count: number;
  notes: string | null;
  archived_count: number;
  tags: Record<string, string>;
  archived_at: string | null;
}

export interface ExportRuns {
  filter: string;
  order_by: Array<string>;
  columns: Array<string>;
  format: string;
  limit: number | null;
}

export interface FailRun {
  message: string;
  code: string;
}

export interface FeedEvent {
  position: number;
  subject_kind: string;
  subject: string;
  number: number;
  kind: string;
  time: string;
  message: string;
  status: string | null;
  data: Record<string, string>;
}

export interface FeedPage {
  items: Array<FeedEvent>;
  position: number;
}

export interface FeedQuery {
  after: number;
  limit: number;
  last: number | null;
  subject_kind: string | null;
  subject: string | null;
}

export interface FileEntry {
  path: string;
  digest: string;
  size: number;
  executable: boolean;
}

export interface FilePage {
  items: Array<FileRecord>;
  next_page_token: string | null;
}

export interface FileQuery {
  prefix: string;
  page_size: number;
  page_token: string | null;
}

export interface FileRecord {
  path: string;
  size: number;
  kind: string;
  created_at: string;
  digest: string | null;
  live: boolean;
  executable: boolean;
}

export interface Finding {
  subject: string;
  state: string;
  message: string;
  mend: string;
}

export interface FinishReport {
  outcome: string;
  exit_code: number | null;
  signal: string | null;
  error: RunError | null;
  warnings: Array<string>;
  seconds: Record<string, number>;
  cause: string;
  attempt: number;
}

export interface Freeable {
  kind: string;
  size: number;
  how: string;
}

export interface GangNode {
  node: number;
  name: string;
  host: string;
  address: string;
  ports: Array<number>;
  folder: string;
}

export interface GangTable {
  complete: boolean;
  nodes: Array<GangNode>;
  missing: Array<string>;
  failed: string;
  stop: boolean;
}

export interface GatewayRecord {
  socket: string;
  host: string;
  port: number;
}

export interface GrantRole {
  role: string;
}

export interface Hint {
  topic: string;
  kind: string;
  subject: string;
  name: string;
  status: string | null;
  counts: Record<string, number>;
}

export interface ImagePage {
  items: Array<ImageRecord>;
  next_page_token: string | null;
}

export interface ImageQuery {
  name: string | null;
  model: string | null;
  tags: Array<string>;
  properties: Array<string>;
  page_size: number;
  page_token: string | null;
}

export interface ImageRecord {
  id: string;
  name: string;
  version: number;
  state: string;
  spec: DeploymentSpec;
  created_at: string;
  reason: string;
  error: string;
  description: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  run: string;
  environment_lock: string | null;
  v1: Record<string, unknown>;
}

export interface JobContainer {
  engine: string;
  home: string;
  image: string;
  dockerfile: string;
  username: string;
  password_in: string;
  options: Array<string>;
  memory: string;
  shared_memory: string;
  network: string;
  gpus: boolean;
  interpreter: string;
}

export interface JobData {
  name: string;
  mode: string;
  source: string;
  path_on_compute: string;
  overwrite: boolean;
  datastore: string;
  path: string;
  direct: boolean;
}

export interface JobEnvironment {
  interpreter: string;
  folder: string;
  lock: string;
  python: string;
  requirements: string;
  uv: JobProgram | null;
  keep_bytes: number;
}

export interface JobInput {
  name: string;
  mode: string;
  dataset: string;
  path_on_compute: string;
  folder: string;
  is_file: boolean;
  files: Array<JobInputFile>;
  version: string;
}

export interface JobInputFile {
  name: string;
  size: number;
  source: string;
  datastore: string;
  path: string;
  url: string;
  digest: string;
  modified_at: string;
}

export interface JobProgram {
  digest: string;
  size: number;
  system: string;
}

export interface JobSpec {
  run: string;
  workspace: string;
  workspace_name: string;
  subscription_id: string;
  resource_group: string;
  experiment_id: string;
  spec: RunSpec;
  files: Array<FileEntry>;
  environment: JobEnvironment;
  url: string;
  token: string;
  run_folder: string;
  light: string;
  connection_file: string;
  blobs: string;
  node: number;
  node_name: string;
  data: Array<JobData>;
  cpus: number;
  gpus: number;
  attempt: number;
  shared_folder: string;
  address: string;
  resumed: Array<FileEntry>;
  system_metrics: boolean;
  cache: string;
  limit_seconds: number;
  limit_of: string;
  inputs: Array<JobInput>;
  container: JobContainer | null;
}

export interface JoinGang {
  host: string;
  address: string;
  ports: Array<number>;
  attempt: number;
  folder: string;
}

export interface JournalPage {
  items: Array<JournalRecord>;
  next_page_token: string | null;
}

export interface JournalQuery {
  page_size: number;
  page_token: string | null;
}

export interface JournalRecord {
  name: string;
  id: string;
  entries: number;
  size: number;
  created_at: string;
  changed_at: string;
}

export interface KeepSecret {
  value: string;
}

export interface Latencies {
  bounds: Array<number>;
  counts: Array<number>;
}

export interface LauncherSpec {
  kind: string;
  process_count_per_node: number;
  worker_count: number;
  parameter_server_count: number;
  backend: string;
  chief_count: number;
  evaluator_count: number;
  exit_deadline_seconds: number | null;
  parallel: ParallelSpec | null;
}

export interface Limits {
  concurrency: number;
  queue_length: number;
  queue_wait_ms: number;
  timeout_ms: number;
  max_body: number;
  init_seconds: number;
}

export interface LineageData {
  datastore: string;
  path: string;
  mode: string;
}

export interface LineageDataset {
  use: string;
  dataset: string;
  digest: string;
  registered: string;
  version: number;
  changed: boolean;
}

export interface LineageEnvironment {
  digest: string;
  python: string;
  packages: number;
}

export interface LineageRun {
  id: string;
  experiment: string;
  number: number;
  status: string;
  submitted_by: string;
  ended_at: string | null;
  deleted: boolean;
}

export interface LineageSnapshot {
  id: string;
  size: number;
  file_count: number;
}

export interface Liveness {
  period_seconds: number;
  timeout_seconds: number;
  failure_threshold: number;
  initial_delay_seconds: number;
}

export interface LockPage {
  items: Array<LockUse>;
}

export interface LockQuery {
  digest: string | null;
}

export interface LockRecord {
  digest: string;
  python: string;
  requirements: string;
  created_at: string;
  notes: Array<string>;
}

export interface LockUse {
  digest: string;
  python: string;
  locked_at: string;
  name: string;
  wanted: Array<string>;
  own: boolean;
  made_at: string | null;
  size: number | null;
  log: boolean;
  runs: number;
  used_at: string | null;
}

export interface LogHit {
  offset: number;
  line: number;
  text: string;
}

export interface LogHits {
  items: Array<LogHit>;
  size: number;
  next_start: number | null;
  next_line: number;
}

export interface LogMark {
  path: string;
  size: number;
  checksum: string | null;
}

export interface LogParameters {
  params: Record<string, string>;
}

export interface LogQuery {
  offset: number;
  anew: boolean;
  check: boolean;
}

export interface LogSearchQuery {
  text: string;
  regex: boolean;
  ignore_case: boolean;
  limit: number;
  start: number;
  line: number;
}

export interface LookedUp {
  dataset: string;
}

export interface MadeImage {
  id: string;
  lock: string;
  base: string;
  size: number;
  created_at: string;
}

export interface Me {
  name: string;
  role: string;
  is_owner: boolean;
  workspaces: Record<string, string>;
  via: string;
  ends_at: string | null;
}

export interface MeasureDataset {
  definition: Record<string, unknown>;
  seconds: number;
}

export interface Member {
  user: string;
  role: string;
  everywhere: boolean;
}

export interface MemberPage {
  items: Array<Member>;
}

export interface MetricPage {
  run: string;
  series: Array<MetricSeries>;
}

export interface MetricPages {
  items: Array<MetricPage>;
}

export interface MetricQuery {
  name: string | null;
  points: number;
}

export interface MetricSeries {
  name: string;
  kind: string;
  count: number;
  values: Array<unknown>;
  steps: Array<number | null>;
  times: Array<number>;
  nonfinite: Array<number>;
  source: string;
}

export interface MetricsOfRuns {
  runs: Array<string>;
  names: Array<string>;
  points: number;
  kinds: Array<string>;
}

export interface MissingBlobList {
  digests: Array<string>;
  begun: Record<string, number>;
}

export interface ModelChange {
  time: string;
  action: string;
  actor: string;
  version: number | null;
  details: Record<string, string>;
}

export interface ModelChangePage {
  items: Array<ModelChange>;
  next_page_token: string | null;
}

export interface ModelChangeQuery {
  page_size: number;
  page_token: string | null;
}

export interface ModelCheck {
  model: string;
  files: number;
  size: number;
  damaged: Array<string>;
  missing: Array<string>;
  next_page_token: string | null;
}

export interface ModelDataset {
  scenario: string;
  dataset: string;
}

export interface ModelLineage {
  model: string;
  run: LineageRun | null;
  snapshot: LineageSnapshot | null;
  environment: LineageEnvironment | null;
  data: Array<LineageData>;
  params: Record<string, string>;
  metrics: Record<string, number>;
  properties: Record<string, string>;
  endpoints: Array<string>;
  datasets: Array<LineageDataset>;
}

export interface ModelPage {
  items: Array<ModelRecord>;
  next_page_token: string | null;
  looked_at: number | null;
}

export interface ModelQuery {
  name: string | null;
  run: string | null;
  framework: string | null;
  tags: Array<string>;
  properties: Array<string>;
  latest: boolean;
  page_size: number;
  page_token: string | null;
}

export interface ModelRecord {
  id: string;
  name: string;
  version: number;
  created_at: string;
  path: string;
  size: number;
  file_count: number;
  run: string | null;
  experiment: string | null;
  tags: Record<string, string>;
  properties: Record<string, string>;
  description: string;
  framework: string;
  framework_version: string;
  files: Array<FileEntry>;
  resources: ModelResources;
  stage: string;
  aliases: Array<string>;
  changed_at: string;
  created_by: string;
  datasets: Array<ModelDataset>;
}

export interface ModelResources {
  cpus: number | null;
  memory_gb: number | null;
  gpus: number | null;
}

export interface NewToken {
  token: string;
  record: TokenRecord;
}

export interface NodeHolder {
  workspace: string;
  run: string;
  experiment: string;
  number: number;
  nodes: number;
  since: string;
  usual_seconds: number | null;
  left_seconds: number | null;
}

export interface NodeInput {
  name: string;
  node: string;
  output: string;
  reference: DataReference | null;
  dataset: string;
  parameter: string;
  mode: string;
  path_on_compute: string;
  overwrite: boolean;
  as_dataset: boolean;
  definition: Record<string, unknown>;
}

export interface NodeOutput {
  name: string;
  datastore: string;
  path: string;
  mode: string;
  path_on_compute: string;
  overwrite: boolean;
  made: RunOutput | null;
  taken: string;
  published_as: string;
}

export interface NodePage {
  items: Array<NodeRecord>;
}

export interface NodeRecord {
  id: string;
  state: string;
  run: string | null;
  since: string;
  used: NodeUsage | null;
}

export interface NodeSpec {
  id: string;
  name: string;
  kind: string;
  run: RunSpec;
  inputs: Array<NodeInput>;
  outputs: Array<NodeOutput>;
  after: Array<string>;
  parameters: Array<string>;
  counts: Record<string, string>;
  allow_reuse: boolean;
  version: string;
  sweep: SweepSpec | null;
  inherits: boolean;
}

export interface NodeUsage {
  cpu: number | null;
  cpu_capacity: number | null;
  memory: number | null;
  memory_capacity: number | null;
  gpu: number | null;
}

export interface NoteUrl {
  url: string;
  digest: string;
  size: number;
  etag: string;
}

export interface Objective {
  name: string;
  goal: string;
}

export interface Occupancy {
  begin: string;
  step_seconds: number;
  nodes: Array<number>;
  held: Array<number>;
}

export interface OccupancyQuery {
  hours: number;
  points: number;
}

export interface OddPoint {
  place: number;
  value: string;
}

export interface OperationRecord {
  id: string;
  kind: string;
  state: string;
  error: string;
  began_at: string;
  ended_at: string | null;
  deployments: Array<string>;
}

export interface OrdersQuery {
  stop: boolean;
  others: boolean;
}

export interface OutputRecord {
  name: string;
  datastore: string;
  path: string;
  digest: string;
  dataset: string;
  published_as: string;
}

export interface ParallelSpec {
  inputs: Array<string>;
  table: boolean;
  batch_size: number;
  action: string;
  output: string;
  file_name: string;
  timeout_seconds: number;
  most_tries: number;
  error_threshold: number;
  allowed_failed_count: number | null;
  allowed_failed_percent: number | null;
  logging_level: string;
  partition_keys: Array<string>;
}

export interface ParameterImportance {
  name: string;
  importance: number;
}

export interface ParameterList {
  run: string;
  params: Record<string, string>;
}

export interface ParameterSpec {
  name: string;
  kind: string;
  argument: string;
  low: number | null;
  high: number | null;
  mu: number;
  sigma: number;
  log: boolean;
  q: number | null;
  whole: boolean;
  choices: Array<unknown>;
  when: Record<string, unknown>;
}

export interface PathList {
  paths: Array<string>;
}

export interface PipelineDraftPage {
  items: Array<PipelineDraftRecord>;
  next_page_token: string | null;
}

export interface PipelineDraftQuery {
  page_size: number;
  page_token: string | null;
}

export interface PipelineDraftRecord {
  id: string;
  workspace: string;
  name: string;
  description: string;
  experiment: string;
  steps: Array<string>;
  parameters: Array<PipelineParameterSpec>;
  values: Record<string, unknown>;
  continue_on_failure: boolean;
  tags: Record<string, string | null>;
  properties: Record<string, string>;
  of_run: string;
  of_published: string;
  of_draft: string;
  last_run: string | null;
  created_by: string;
  created_at: string;
  changed_at: string;
}

export interface PipelineEndpointPage {
  items: Array<PipelineEndpointRecord>;
  next_page_token: string | null;
}

export interface PipelineEndpointQuery {
  active: boolean;
  name: string | null;
  page_size: number;
  page_token: string | null;
}

export interface PipelineEndpointRecord {
  id: string;
  workspace: string;
  name: string;
  description: string;
  status: string;
  default_version: string;
  versions: Array<EndpointVersion>;
  address: string;
  named_address: string;
  created_at: string;
}

export interface PipelineParameterSpec {
  name: string;
  kind: string;
  default: unknown;
}

export interface PipelinePlan {
  steps: Array<PlannedStep>;
}

export interface PipelineRecord {
  id: string;
  workspace: string;
  experiment: string;
  status: string;
  created_at: string;
  name: string | null;
  ended_at: string | null;
  values: Record<string, unknown>;
  nodes: Array<StepRecord>;
  edges: Array<EdgeRecord>;
}

export interface PipelineSpec {
  nodes: Array<NodeSpec>;
  parameters: Array<PipelineParameterSpec>;
  description: string;
  max_parallel: number | null;
}

export interface PlannedStep {
  id: string;
  name: string;
  verdict: string;
  reason: string;
  reused_run: string | null;
}

export interface PolicySpec {
  name: string;
  evaluation_interval: number;
  delay_evaluation: number;
  by_step: boolean;
  options: Record<string, unknown>;
}

export interface Prioritize {
  priority: number | null;
  before: string | null;
  after: string | null;
}

export interface PruneImages {
  dry_run: boolean;
}

export interface PrunedImages {
  items: Array<MadeImage>;
}

export interface PublishPipeline {
  name: string;
  spec: PipelineSpec | null;
  run: string | null;
  description: string;
  version: string;
  continue_on_failure: boolean;
  published_by: string;
}

export interface PublishPipelineDraft {
  name: string;
  version: string;
  published_by: string;
}

export interface PublishedPage {
  items: Array<PublishedRecord>;
  next_page_token: string | null;
}

export interface PublishedQuery {
  active: boolean;
  page_size: number;
  page_token: string | null;
}

export interface PublishedRecord {
  id: string;
  workspace: string;
  name: string;
  description: string;
  version: string;
  status: string;
  graph_id: string;
  steps: Array<string>;
  parameters: Array<PipelineParameterSpec>;
  continue_on_failure: boolean;
  address: string;
  published_by: string;
  created_at: string;
}

export interface QueuePage {
  items: Array<QueuedRun>;
}

export interface QueuedRun {
  run: string;
  experiment: string;
  number: number;
  target: string;
  position: number;
  node_count: number;
  since: string;
  message: string;
  free_nodes: number;
  nodes: number;
  starts_in_seconds: number | null;
  holders: Array<NodeHolder>;
  priority: number;
}

export interface RankPage {
  items: Array<RankRecord>;
}

export interface RankRecord {
  rank: number;
  name: string;
  node: number;
  node_name: string;
  host: string;
  state: string;
  exit_code: number | null;
  log: string;
  pid: number;
  cpu_seconds: number;
  memory_bytes: number;
  peak_memory_bytes: number;
}

export interface ReadSeries {
  series: Array<SeriesName>;
  points: number;
  x: string;
  low: number | null;
  high: number | null;
  packed: boolean;
}

export interface RecurrenceSpec {
  frequency: string;
  interval: number;
  start_time: string;
  time_zone: string;
  hours: Array<number>;
  minutes: Array<number>;
  week_days: Array<string>;
  time_of_day: string;
}

export interface Refusal {
  name: string;
  code: string;
  message: string;
}

export interface RegenerateKey {
  which: string;
  key: string | null;
}

export interface RegisterDataset {
  name: string;
  definition: Record<string, unknown>;
  description: string;
  tags: Record<string, string>;
  new_version: boolean;
  pin: boolean;
}

export interface RegisterDatastore {
  name: string;
  kind: string;
  container_name: string;
  account_name: string;
  endpoint: string;
  region: string;
  prefix: string;
  datastore_type: string;
  credentials: Record<string, string>;
  overwrite: boolean;
  create_if_not_exists: boolean;
  skip_validation: boolean;
}

export interface RegisterEnvironment {
  name: string;
  definition: EnvironmentDefinition;
  document: string;
}

export interface RegisterFiles {
  files: Array<FileEntry>;
  overwrite: boolean;
}

export interface RegisterModel {
  name: string;
  path: string;
  run: string | null;
  files: Array<FileEntry>;
  tags: Record<string, string>;
  properties: Record<string, string>;
  description: string;
  framework: string;
  framework_version: string;
  resources: ModelResources;
  datasets: Array<ModelDataset>;
}

export interface RegisteredModelPage {
  items: Array<RegisteredModelRecord>;
  next_page_token: string | null;
  looked_at: number | null;
}

export interface RegisteredModelRecord {
  name: string;
  created_at: string;
  changed_at: string;
  description: string;
  created_by: string;
  tags: Record<string, string>;
  aliases: Record<string, number>;
  latest: Array<ModelRecord>;
}

export interface ReplicaRecord {
  run: string;
  deployment: string;
  revision: number;
  state: string;
  since: string;
  node: string;
  pid: number;
  restarts: number;
  reason: string;
  memory_bytes: number;
}

export interface Reported {
  number: number;
  step: number;
  value: number | null;
}

export interface Resources {
  cpus: number;
  memory_gb: number;
  gpus: number;
}

export interface ResultsQuery {
  after: number;
}

export interface Rollback {
  revision: number | null;
}

export interface RotateToken {
  days: number;
}

export interface RunDatasetRecord {
  use: string;
  name: string;
  dataset: string;
  mode: string;
  digest: string;
  registered: string;
  version: number;
  changed: boolean;
}

export interface RunDatasets {
  items: Array<RunDatasetRecord>;
}

export interface RunError {
  code: string;
  message: string;
  time: string;
  exit_code: number | null;
  signal: string | null;
  log_tail: string;
}

export interface RunExplanation {
  run: string;
  status: string;
  since: string;
  message: string;
  advice: string;
  waiting: QueuedRun | null;
}

export interface RunInput {
  name: string;
  dataset: string;
  mode: string;
  path_on_compute: string;
}

export interface RunKeys {
  metrics: Array<string>;
  params: Array<string>;
  tags: Array<string>;
  more: boolean;
}

export interface RunKeysQuery {
  prefix: string;
  limit: number;
}

export interface RunOutput {
  name: string;
  datastore: string;
  path: string;
  mode: string;
  path_on_compute: string;
  overwrite: boolean;
  register: string;
  description: string;
  tags: Record<string, string>;
  definition: Record<string, unknown>;
}

export interface RunPage {
  items: Array<RunRecord>;
  next_page_token: string | null;
  looked_at: number | null;
}

export interface RunQuery {
  experiment: string | null;
  status: string | null;
  run_type: string | null;
  target: string | null;
  parent: string | null;
  include_children: boolean;
  active: boolean;
  tag: string | null;
  tag_value: string | null;
  property: string | null;
  property_value: string | null;
  page_size: number;
  page_token: string | null;
  id_prefix: string | null;
  number: number | null;
  metrics: boolean;
}

export interface RunRecord {
  id: string;
  workspace: string;
  experiment: string;
  number: number;
  status: string;
  target: string;
  created_at: string;
  run_type: string | null;
  name: string | null;
  started_at: string | null;
  ended_at: string | null;
  parent: string | null;
  snapshot: string | null;
  environment_lock: string | null;
  node_count: number;
  reason: string | null;
  error: RunError | null;
  warnings: Array<string>;
  tags: Record<string, string | null>;
  properties: Record<string, string>;
  description: string;
  submitted_by: string;
  last_event: number;
  stage_seconds: Record<string, number>;
  attempt: number;
  submitted_from: string | null;
  metrics: Record<string, number> | null;
  params: Record<string, string>;
  has_children: boolean | null;
  priority: number;
  archived: boolean;
}

export interface RunSpec {
  experiment: string;
  snapshot: string;
  script: string;
  arguments: Array<string>;
  command: Array<string>;
  target: string;
  node_count: number;
  launcher: LauncherSpec;
  environment: EnvironmentDefinition;
  environment_variables: Record<string, string>;
  data: Array<DataReference>;
  watched_folders: Array<string>;
  max_duration_seconds: number | null;
  max_retries: number;
  shared_memory: string | null;
  definition: Record<string, unknown>;
  resumes: string | null;
  priority: number;
  inputs: Array<RunInput>;
  outputs: Array<RunOutput>;
  container: ContainerRequest | null;
}

export interface RunValues {
  values: Array<string>;
  more: boolean;
}

export interface RunValuesQuery {
  field: string;
  prefix: string;
  limit: number;
}

export interface SamplerSpec {
  name: string;
  options: Record<string, unknown>;
}

export interface SaveDataset {
  definition: Record<string, unknown>;
}

export interface Scaling {
  min_replicas: number;
  max_replicas: number;
  target_utilization: number;
  down_seconds: number;
  idle_seconds: number;
}

export interface SchedulePage {
  items: Array<ScheduleRecord>;
  next_page_token: string | null;
}

export interface ScheduleQuery {
  active: boolean;
  pipeline: string;
  endpoint: string;
  page_size: number;
  page_token: string | null;
}

export interface ScheduleRecord {
  id: string;
  workspace: string;
  name: string;
  description: string;
  status: string;
  pipeline: string;
  endpoint: string;
  experiment: string;
  recurrence: RecurrenceSpec | null;
  cron: CronSpec | null;
  data: DataTrigger | null;
  values: Record<string, unknown>;
  overlap: string;
  continue_on_failure: boolean | null;
  next_at: string | null;
  last_run: string | null;
  last_status: string | null;
  last_at: string | null;
  reason: string;
  runs_for: string;
  created_at: string;
}

export interface ScheduleRunQuery {
  page_size: number;
  page_token: string | null;
}

export interface Search {
  filter: string;
  order_by: Array<string>;
  columns: Array<string>;
  page_size: number;
  page_token: string | null;
  short_pages: boolean;
}

export interface SecretPage {
  items: Array<SecretRecord>;
}

export interface SecretRecord {
  name: string;
  owner: string;
  created_at: string;
  changed_at: string;
}

export interface SecretValue {
  name: string;
  value: string;
}

export interface Seen {
  failures: string | null;
}

export interface SeriesColumns {
  run: string;
  name: string;
  count: number;
  x: Array<number>;
  y: Array<number | null>;
  odd: Array<OddPoint>;
  packed: string;
}

export interface SeriesName {
  run: string;
  name: string;
  after: number;
}

export interface SeriesPage {
  items: Array<SeriesColumns>;
}

export interface ServiceStatus {
  version: string;
  protocol: string;
  pid: number;
  home: string;
  url: string;
  started_at: string;
  python: string;
  active_runs: number;
  open_streams: number;
  idle_seconds: number;
  memory_bytes: number;
  disk_bytes: number;
  disk_free_bytes: number;
}

export interface SetAlias {
  version: number;
}

export interface SetStage {
  stage: string;
  archive_existing: boolean;
}

export interface SettingRecord {
  name: string;
  value: string;
  default: string;
  origin: string;
  variable: string;
  about: string;
}

export interface SettingsPage {
  items: Array<SettingRecord>;
  file: string;
}

export interface SiteMessage {
  content: Record<string, unknown>;
}

export interface SitePage {
  items: Array<SiteRecord>;
}

export interface SiteRecord {
  name: string;
  backend: string;
  default: boolean;
  cpus: number;
  memory_gb: number;
  gpus: number;
  max_nodes: number | null;
  sizes: Array<string>;
  shares_nodes: boolean;
  mpi: string;
  interpreters: Array<string>;
  shares_files: boolean;
  service_url: string;
}

export interface SiteReply {
  content: Record<string, unknown>;
  news: boolean;
}

export interface SnapshotRecord {
  id: string;
  files: Array<FileEntry>;
  size: number;
  created_at: string;
}

export interface SpoolMark {
  writer: string;
  lines: number;
}

export interface SpoolQuery {
  first_line: number;
}

export interface StarPage {
  items: Array<StarRecord>;
}

export interface StarQuery {
  kind: string | null;
}

export interface StarRecord {
  kind: string;
  name: string;
  made_at: string;
}

export interface StartBoard {
  runs: Array<string>;
}

export interface StartCommand {
  command: string;
  key: string;
}

export interface StartRun {
  experiment: string;
  name: string | null;
  run_id: string | null;
  snapshot: string | null;
  parent: string | null;
  tags: Record<string, string | null>;
  properties: Record<string, string>;
  submitted_by: string;
  submitted_from: string | null;
  beats: boolean;
  process: string;
  params: Record<string, string>;
}

export interface StepRecord {
  id: string;
  name: string;
  kind: string;
  run: string;
  state: string;
  status: string;
  reason: string;
  reuse: string;
  reused_run: string | null;
  reused_pipeline: string | null;
  started_at: string | null;
  ended_at: string | null;
  layer: number;
  place: number;
  outputs: Array<OutputRecord>;
}

export interface StorageKind {
  kind: string;
  size: number;
  count: number;
}

export interface StoragePlace {
  workspace: string;
  experiment: string;
  runs: number;
  size: number;
}

export interface StorageQuery {
  fresh: boolean;
}

export interface StorageReport {
  measured_at: string;
  kinds: Array<StorageKind>;
  places: Array<StoragePlace>;
  freeable: Array<Freeable>;
  free: number;
  collected: CollectorPass | null;
}

export interface StoreAddress {
  url: string;
  path: string;
  size: number;
  offset: number;
  etag: string;
  headers: Record<string, string>;
}

export interface StreamQuery {
  topics: string;
  after: number;
}

export interface StudioCode {
  code: string;
  seconds: number;
  url: string;
}

export interface StudioSession {
  id: string;
  person: string;
  client: string;
  made_at: string;
  used_at: string;
  ends_at: string;
}

export interface StudioSessions {
  items: Array<StudioSession>;
}

export interface SubmitPipeline {
  experiment: string;
  spec: PipelineSpec;
  values: Record<string, unknown>;
  continue_on_failure: boolean;
  regenerate: boolean;
  source: string;
  name: string | null;
  tags: Record<string, string | null>;
  properties: Record<string, string>;
  inherited: Record<string, string>;
  submitted_by: string;
  parent: string | null;
  submitted_from: string | null;
  description: string;
  step_tags: Record<string, string | null>;
}

export interface SubmitPipelineDraft {
  experiment: string;
  source: string;
  submitted_by: string;
  parent: string | null;
  submitted_from: string | null;
}

export interface SubmitPipelineEndpoint {
  experiment: string;
  version: string | null;
  values: Record<string, unknown>;
  continue_on_failure: boolean | null;
  regenerate: boolean;
  tags: Record<string, string | null>;
  submitted_by: string;
  parent: string | null;
  submitted_from: string | null;
}

export interface SubmitPublished {
  experiment: string;
  values: Record<string, unknown>;
  continue_on_failure: boolean | null;
  regenerate: boolean;
  source: string;
  description: string;
  tags: Record<string, string | null>;
  step_tags: Record<string, string | null>;
  properties: Record<string, string>;
  submitted_by: string;
  parent: string | null;
  submitted_from: string | null;
}

export interface SubmitRun {
  spec: RunSpec;
  name: string | null;
  tags: Record<string, string | null>;
  properties: Record<string, string>;
  inherited: Record<string, string>;
  submitted_by: string;
  parent: string | null;
  submitted_from: string | null;
  params: Record<string, string>;
}

export interface SweepColumn {
  name: string;
  role: string;
  scale: string;
  values: Array<unknown>;
}

export interface SweepImportance {
  items: Array<ParameterImportance>;
  trials: number;
  reason: string;
}

export interface SweepPage {
  items: Array<SweepRecord>;
  next_page_token: string | null;
}

export interface SweepQuery {
  experiment: string | null;
  active: boolean;
  page_size: number;
  page_token: string | null;
  archived: boolean;
}

export interface SweepRecord {
  id: string;
  workspace: string;
  status: string;
  created_at: string;
  spec: SweepSpec;
  name: string | null;
  ended_at: string | null;
  paused: boolean;
  counts: Record<string, number>;
  best: TrialRecord | null;
  front: Array<TrialRecord>;
  reason: string;
  space_size: number | null;
  warnings: Array<string>;
}

export interface SweepSpec {
  experiment: string;
  space: Array<ParameterSpec>;
  objectives: Array<Objective>;
  sampler: SamplerSpec;
  policy: PolicySpec;
  max_trials: number | null;
  parallel: number | null;
  max_duration_seconds: number | null;
  max_failures: number;
  seed: number;
  base: RunSpec | null;
  dropped: Array<string>;
  resume_from: Array<string>;
  resume_trials: Array<string>;
  enqueued: Array<Record<string, unknown>>;
  mapping: Record<string, string>;
  hyperdrive: boolean;
}

export interface SweepTable {
  columns: Array<SweepColumn>;
  total: number;
}

export interface TableQuery {
  trials: number;
}

export interface TakeCommands {
  after: number;
}

export interface TaskReport {
  name: string;
  rank: number;
  state: string;
  decisive: boolean;
  pid: number;
  exit_code: number | null;
  log: string;
  ended_at: number;
  cpu_seconds: number;
  memory_bytes: number;
  peak_memory_bytes: number;
  heard_at: number;
}

export interface TensorboardProgram {
  state: string;
  interpreter: string;
  error: string;
}

export interface TokenPage {
  items: Array<TokenRecord>;
}

export interface TokenQuery {
  user: string | null;
  everyone: boolean;
}

export interface TokenRecord {
  id: string;
  user: string;
  name: string;
  prefix: string;
  created_at: string;
  ends_at: string | null;
  used_at: string | null;
}

export interface Told {
  number: number;
  values: Array<number> | null;
  error: string;
  ended_at: number;
}

export interface TrashEntry {
  id: string;
  kind: string;
  name: string;
  count: number;
  size: number;
  deleted_at: string;
  until: string;
  deleted_by: string;
  state: string;
}

export interface TrashPage {
  items: Array<TrashEntry>;
  next_page_token: string | null;
}

export interface TrashQuery {
  page_size: number;
  page_token: string | null;
}

export interface TrialPage {
  items: Array<TrialRecord>;
  next_page_token: string | null;
}

export interface TrialQuery {
  state: string | null;
  page_size: number;
  page_token: string | null;
}

export interface TrialRecord {
  number: number;
  state: string;
  params: Record<string, unknown>;
  values: Array<number | null>;
  best: number | null;
  last: number | null;
  position: number | null;
  run: string | null;
  started_at: string;
  ended_at: string | null;
  reason: string;
  from_trial: number | null;
  node: string;
  placed_at: string | null;
}

export interface TrialVerdict {
  number: number;
  reason: string;
}

export interface UrlContent {
  url: string;
  digest: string;
  size: number;
  fetched_at: string;
  etag: string;
}

export interface UrlQuery {
  url: string;
}

export interface UsagePage {
  run: string;
  items: Array<UsageSeries>;
}

export interface UsageQuery {
  points: number;
  scope: string;
}

export interface UsageSeries {
  name: string;
  node: number;
  scope: string;
  measure: string;
  unit: string;
  index: number | null;
  label: string;
  capacity: number | null;
  count: number;
  last: number | null;
  minimum: number | null;
  maximum: number | null;
  x: Array<number>;
  y: Array<number | null>;
}

export interface UserPage {
  items: Array<UserRecord>;
  next_page_token: string | null;
}

export interface UserQuery {
  page_size: number;
  page_token: string | null;
}

export interface UserRecord {
  name: string;
  role: string;
  is_owner: boolean;
  created_at: string;
  workspaces: Record<string, string>;
}

export interface VerifyQuery {
  page_token: string | null;
}

export interface ViewPage {
  items: Array<ViewRecord>;
}

export interface ViewQuery {
  noun: string | null;
  name: string | null;
}

export interface ViewRecord {
  id: string;
  workspace: string;
  name: string;
  noun: string;
  filter: string;
  order_by: Array<string>;
  columns: Array<string>;
  group_by: string;
  children: boolean;
  charts: Array<string>;
  owner: string;
  created_at: string;
  changed_at: string;
  layout: Record<string, ChartLayout>;
}

export interface WorkspacePage {
  items: Array<WorkspaceRecord>;
  next_page_token: string | null;
}

export interface WorkspaceQuery {
  name: string | null;
  subscription_id: string | null;
  resource_group: string | null;
  page_size: number;
  page_token: string | null;
}

export interface WorkspaceRecord {
  id: string;
  name: string;
  subscription_id: string;
  resource_group: string;
  location: string;
  created_at: string;
  friendly_name: string;
  sku: string;
  default_datastore: string;
  tags: Record<string, string>;
  as_of: string;
}

export interface WritePlan {
  parts: Array<StoreAddress>;
  upload: string;
}

export interface WriteQuery {
  overwrite: boolean;
  offset: number | null;
  size: number;
  version: string;
}

export interface Routes {
  "audit.list": { segments: {}; query: Partial<AuditQuery>; body: never; answer: AuditPage };
  "audit.of_workspace": { segments: { workspace: string }; query: Partial<AuditQuery>; body: never; answer: AuditPage };
  "beats.note": { segments: { workspace: string; run: string }; query: never; body: Partial<Beat>; answer: void };
  "blobs.missing": { segments: { workspace: string }; query: never; body: Partial<BlobList>; answer: MissingBlobList };
  "blobs.read": { segments: { workspace: string; digest: string }; query: never; body: never; answer: Response };
  "blobs.read_many": { segments: { workspace: string }; query: never; body: Partial<BlobList>; answer: Response };
  "blobs.write": { segments: { workspace: string; digest: string }; query: Partial<BlobQuery>; body: Blob | string; answer: void };
  "blobs.write_many": { segments: { workspace: string }; query: never; body: Blob | string; answer: BatchResult };
  "commands.end": { segments: { workspace: string; run: string; node: string; command: string }; query: never; body: Partial<EndCommand>; answer: void };
  "commands.get": { segments: { workspace: string; run: string; node: string; command: string }; query: never; body: never; answer: CommandRecord };
  "commands.start": { segments: { workspace: string; run: string; node: string }; query: never; body: Partial<StartCommand>; answer: CommandRecord };
  "commands.take": { segments: { workspace: string; run: string; node: string }; query: never; body: Partial<TakeCommands>; answer: CommandPage };
  "compute.attach": { segments: { workspace: string }; query: never; body: Partial<AttachCompute>; answer: ComputeRecord };
  "compute.change": { segments: { workspace: string; compute: string }; query: never; body: Partial<ChangeCompute>; answer: ComputeRecord };
  "compute.create": { segments: { workspace: string }; query: never; body: Partial<CreateCompute>; answer: ComputeRecord };
  "compute.delete": { segments: { workspace: string; compute: string }; query: never; body: never; answer: void };
  "compute.get": { segments: { workspace: string; compute: string }; query: never; body: never; answer: ComputeRecord };
  "compute.list": { segments: { workspace: string }; query: never; body: never; answer: ComputePage };
  "compute.nodes": { segments: { workspace: string; compute: string }; query: never; body: never; answer: NodePage };
  "compute.occupancy": { segments: { workspace: string; compute: string }; query: Partial<OccupancyQuery>; body: never; answer: Occupancy };
  "compute.queue": { segments: { workspace: string }; query: never; body: never; answer: QueuePage };
  "datasets.change": { segments: { workspace: string; dataset: string }; query: never; body: Partial<ChangeDataset>; answer: DatasetRecord };
  "datasets.delete": { segments: { workspace: string; dataset: string }; query: never; body: never; answer: void };
  "datasets.files": { segments: { workspace: string; dataset: string }; query: Partial<DatasetFileQuery>; body: never; answer: DatasetFilePage };
  "datasets.get": { segments: { workspace: string; dataset: string }; query: never; body: never; answer: DatasetRecord };
  "datasets.keep": { segments: { workspace: string }; query: never; body: Partial<MeasureDataset>; answer: DatasetMeasure };
  "datasets.list": { segments: { workspace: string }; query: Partial<DatasetQuery>; body: never; answer: DatasetPage };
  "datasets.measure": { segments: { workspace: string }; query: never; body: Partial<MeasureDataset>; answer: DatasetMeasure };
  "datasets.note_changes": { segments: { workspace: string; run: string }; query: never; body: Partial<ChangedInputs>; answer: void };
  "datasets.note_reference": { segments: { workspace: string; run: string }; query: never; body: Partial<LookedUp>; answer: void };
  "datasets.note_url": { segments: { workspace: string }; query: never; body: Partial<NoteUrl>; answer: UrlContent };
  "datasets.of_run": { segments: { workspace: string; run: string }; query: never; body: never; answer: RunDatasets };
  "datasets.readers": { segments: { workspace: string; dataset: string }; query: never; body: never; answer: DatasetReaders };
  "datasets.register": { segments: { workspace: string }; query: never; body: Partial<RegisterDataset>; answer: DatasetRecord };
  "datasets.save": { segments: { workspace: string }; query: never; body: Partial<SaveDataset>; answer: DatasetRecord };
  "datasets.url": { segments: { workspace: string }; query: Partial<UrlQuery>; body: never; answer: UrlContent };
  "datastores.addresses": { segments: { workspace: string; datastore: string }; query: never; body: Partial<PathList>; answer: AddressList };
  "datastores.archive": { segments: { workspace: string; datastore: string }; query: Partial<ArchiveQuery>; body: never; answer: Response };
  "datastores.begin_write": { segments: { workspace: string; datastore: string }; query: never; body: Partial<BeginWrite>; answer: WritePlan };
  "datastores.end_write": { segments: { workspace: string; datastore: string }; query: never; body: Partial<EndWrite>; answer: DatastoreFile };
  "datastores.files": { segments: { workspace: string; datastore: string }; query: Partial<DatastoreFileQuery>; body: never; answer: DatastoreFilePage };
  "datastores.get": { segments: { workspace: string; datastore: string }; query: never; body: never; answer: DatastoreRecord };
  "datastores.list": { segments: { workspace: string }; query: never; body: never; answer: DatastorePage };
  "datastores.read": { segments: { workspace: string; datastore: string; path: string }; query: never; body: never; answer: Response };
  "datastores.read_many": { segments: { workspace: string; datastore: string }; query: never; body: Partial<PathList>; answer: Response };
  "datastores.register": { segments: { workspace: string }; query: never; body: Partial<RegisterDatastore>; answer: DatastoreRecord };
  "datastores.remove": { segments: { workspace: string; datastore: string; path: string }; query: never; body: never; answer: void };
  "datastores.unregister": { segments: { workspace: string; datastore: string }; query: never; body: never; answer: void };
  "datastores.write": { segments: { workspace: string; datastore: string; path: string }; query: Partial<WriteQuery>; body: Blob | string; answer: DatastoreFile };
  "datastores.write_many": { segments: { workspace: string; datastore: string }; query: Partial<WriteQuery>; body: Blob | string; answer: BatchResult };
  "endpoints.call": { segments: { workspace: string; endpoint: string }; query: never; body: Partial<CallEndpoint>; answer: EndpointAnswer };
  "endpoints.change": { segments: { workspace: string; endpoint: string }; query: never; body: Partial<ChangeEndpoint>; answer: EndpointRecord };
  "endpoints.create": { segments: { workspace: string }; query: never; body: Partial<CreateEndpoint>; answer: EndpointRecord };
  "endpoints.delete": { segments: { workspace: string; endpoint: string }; query: never; body: never; answer: void };
  "endpoints.deploy": { segments: { workspace: string; endpoint: string; deployment: string }; query: never; body: Partial<Deploy>; answer: EndpointRecord };
  "endpoints.gateway": { segments: { workspace: string }; query: never; body: never; answer: GatewayRecord };
  "endpoints.get": { segments: { workspace: string; endpoint: string }; query: never; body: never; answer: EndpointRecord };
  "endpoints.keys": { segments: { workspace: string; endpoint: string }; query: never; body: never; answer: EndpointKeys };
  "endpoints.list": { segments: { workspace: string }; query: Partial<EndpointQuery>; body: never; answer: EndpointPage };
  "endpoints.logs": { segments: { workspace: string; endpoint: string }; query: Partial<EndpointLogQuery>; body: never; answer: EndpointLog };
  "endpoints.regenerate": { segments: { workspace: string; endpoint: string }; query: never; body: Partial<RegenerateKey>; answer: EndpointKeys };
  "endpoints.rollback": { segments: { workspace: string; endpoint: string; deployment: string }; query: never; body: Partial<Rollback>; answer: EndpointRecord };
  "endpoints.token": { segments: { workspace: string; endpoint: string }; query: never; body: never; answer: EndpointToken };
  "endpoints.undeploy": { segments: { workspace: string; endpoint: string; deployment: string }; query: never; body: never; answer: EndpointRecord };
  "environments.build_log": { segments: { workspace: string; lock: string }; query: never; body: never; answer: Response };
  "environments.evict": { segments: { workspace: string; lock: string }; query: never; body: never; answer: void };
  "environments.list": { segments: { workspace: string }; query: Partial<EnvironmentQuery>; body: never; answer: EnvironmentPage };
  "environments.lock": { segments: { workspace: string; lock: string }; query: never; body: never; answer: LockRecord };
  "environments.locks": { segments: { workspace: string }; query: Partial<LockQuery>; body: never; answer: LockPage };
  "environments.prune_images": { segments: { workspace: string }; query: never; body: Partial<PruneImages>; answer: PrunedImages };
  "environments.register": { segments: { workspace: string }; query: never; body: Partial<RegisterEnvironment>; answer: EnvironmentRecord };
  "events.list": { segments: { workspace: string; run: string }; query: Partial<EventQuery>; body: never; answer: EventPage };
  "events.stream": { segments: { workspace: string; run: string }; query: Partial<EventQuery>; body: never; answer: never };
  "experiments.change": { segments: { workspace: string; experiment: string }; query: never; body: Partial<ChangeExperiment>; answer: ExperimentRecord };
  "experiments.create": { segments: { workspace: string }; query: never; body: Partial<CreateExperiment>; answer: ExperimentRecord };
  "experiments.get": { segments: { workspace: string; experiment: string }; query: never; body: never; answer: ExperimentRecord };
  "experiments.list": { segments: { workspace: string }; query: Partial<ExperimentQuery>; body: never; answer: ExperimentPage };
  "experiments.search": { segments: { workspace: string }; query: never; body: Partial<Search>; answer: ExperimentPage };
  "feed.list": { segments: { workspace: string }; query: Partial<FeedQuery>; body: never; answer: FeedPage };
  "feed.stream": { segments: { workspace: string }; query: Partial<FeedQuery>; body: never; answer: never };
  "files.archive": { segments: { workspace: string; run: string }; query: Partial<ArchiveQuery>; body: never; answer: Response };
  "files.list": { segments: { workspace: string; run: string }; query: Partial<FileQuery>; body: never; answer: FilePage };
  "files.read": { segments: { workspace: string; run: string; path: string }; query: never; body: never; answer: Response };
  "files.register": { segments: { workspace: string; run: string }; query: never; body: Partial<RegisterFiles>; answer: FilePage };
  "gangs.join": { segments: { workspace: string; run: string; node: string }; query: never; body: Partial<JoinGang>; answer: GangTable };
  "gangs.orders": { segments: { workspace: string; run: string; node: string }; query: Partial<OrdersQuery>; body: never; answer: AgentReply };
  "gangs.ranks": { segments: { workspace: string; run: string }; query: never; body: never; answer: RankPage };
  "images.change": { segments: { workspace: string; image: string }; query: never; body: Partial<ChangeImage>; answer: ImageRecord };
  "images.create": { segments: { workspace: string }; query: never; body: Partial<CreateImage>; answer: ImageRecord };
  "images.delete": { segments: { workspace: string; image: string }; query: never; body: never; answer: void };
  "images.get": { segments: { workspace: string; image: string }; query: never; body: never; answer: ImageRecord };
  "images.list": { segments: { workspace: string }; query: Partial<ImageQuery>; body: never; answer: ImagePage };
  "jobs.finish": { segments: { workspace: string; run: string; node: string }; query: never; body: Partial<FinishReport>; answer: void };
  "jobs.get": { segments: { workspace: string; run: string; node: string }; query: never; body: never; answer: JobSpec };
  "jobs.report": { segments: { workspace: string; run: string; node: string }; query: never; body: Partial<AgentReport>; answer: AgentReply };
  "journals.append": { segments: { workspace: string; journal: string }; query: never; body: Partial<AppendEntries>; answer: EntriesAppended };
  "journals.delete": { segments: { workspace: string; journal: string }; query: never; body: never; answer: void };
  "journals.list": { segments: { workspace: string }; query: Partial<JournalQuery>; body: never; answer: JournalPage };
  "journals.read": { segments: { workspace: string; journal: string }; query: Partial<EntryQuery>; body: never; answer: EntryPage };
  "logs.append": { segments: { workspace: string; run: string; path: string }; query: Partial<LogQuery>; body: Blob | string; answer: LogMark };
  "logs.search": { segments: { workspace: string; run: string; path: string }; query: Partial<LogSearchQuery>; body: never; answer: LogHits };
  "metrics.append": { segments: { workspace: string; run: string; writer: string }; query: Partial<SpoolQuery>; body: Blob | string; answer: SpoolMark };
  "metrics.list": { segments: { workspace: string; run: string }; query: Partial<MetricQuery>; body: never; answer: MetricPage };
  "metrics.mark": { segments: { workspace: string; run: string; writer: string }; query: never; body: never; answer: SpoolMark };
  "metrics.read_many": { segments: { workspace: string }; query: never; body: Partial<MetricsOfRuns>; answer: MetricPages };
  "models.change": { segments: { workspace: string; model: string }; query: never; body: Partial<ChangeModel>; answer: ModelRecord };
  "models.delete": { segments: { workspace: string; model: string }; query: never; body: never; answer: void };
  "models.get": { segments: { workspace: string; model: string }; query: never; body: never; answer: ModelRecord };
  "models.history": { segments: { workspace: string; model: string }; query: Partial<ModelChangeQuery>; body: never; answer: ModelChangePage };
  "models.lineage": { segments: { workspace: string; model: string }; query: never; body: never; answer: ModelLineage };
  "models.list": { segments: { workspace: string }; query: Partial<ModelQuery>; body: never; answer: ModelPage };
  "models.register": { segments: { workspace: string }; query: never; body: Partial<RegisterModel>; answer: ModelRecord };
  "models.search": { segments: { workspace: string }; query: never; body: Partial<Search>; answer: ModelPage };
  "models.stage": { segments: { workspace: string; model: string }; query: never; body: Partial<SetStage>; answer: ModelRecord };
  "models.verify": { segments: { workspace: string; model: string }; query: Partial<VerifyQuery>; body: never; answer: ModelCheck };
  "parallel.cut": { segments: { workspace: string; run: string; node: string }; query: never; body: Partial<CutBatches>; answer: BatchOrders };
  "parallel.exchange": { segments: { workspace: string; run: string; node: string }; query: never; body: Partial<ExchangeBatches>; answer: BatchOrders };
  "parallel.results": { segments: { workspace: string; run: string }; query: Partial<ResultsQuery>; body: never; answer: BatchPage };
  "parameters.list": { segments: { workspace: string; run: string }; query: never; body: never; answer: ParameterList };
  "parameters.log": { segments: { workspace: string; run: string }; query: never; body: Partial<LogParameters>; answer: ParameterList };
  "pipeline_drafts.change": { segments: { workspace: string; draft: string }; query: never; body: Partial<ChangePipelineDraft>; answer: PipelineDraftRecord };
  "pipeline_drafts.create": { segments: { workspace: string }; query: never; body: Partial<CreatePipelineDraft>; answer: PipelineDraftRecord };
  "pipeline_drafts.delete": { segments: { workspace: string; draft: string }; query: never; body: never; answer: void };
  "pipeline_drafts.get": { segments: { workspace: string; draft: string }; query: never; body: never; answer: PipelineDraftRecord };
  "pipeline_drafts.list": { segments: { workspace: string }; query: Partial<PipelineDraftQuery>; body: never; answer: PipelineDraftPage };
  "pipeline_drafts.publish": { segments: { workspace: string; draft: string }; query: never; body: Partial<PublishPipelineDraft>; answer: PublishedRecord };
  "pipeline_drafts.spec": { segments: { workspace: string; draft: string }; query: never; body: never; answer: PipelineSpec };
  "pipeline_drafts.submit": { segments: { workspace: string; draft: string }; query: never; body: Partial<SubmitPipelineDraft>; answer: PipelineRecord };
  "pipeline_endpoints.add": { segments: { workspace: string; endpoint: string }; query: never; body: Partial<AddEndpointVersion>; answer: PipelineEndpointRecord };
  "pipeline_endpoints.change": { segments: { workspace: string; endpoint: string }; query: never; body: Partial<ChangePipelineEndpoint>; answer: PipelineEndpointRecord };
  "pipeline_endpoints.create": { segments: { workspace: string }; query: never; body: Partial<CreatePipelineEndpoint>; answer: PipelineEndpointRecord };
  "pipeline_endpoints.get": { segments: { workspace: string; endpoint: string }; query: never; body: never; answer: PipelineEndpointRecord };
  "pipeline_endpoints.list": { segments: { workspace: string }; query: Partial<PipelineEndpointQuery>; body: never; answer: PipelineEndpointPage };
  "pipeline_endpoints.submit": { segments: { workspace: string; endpoint: string }; query: never; body: Partial<SubmitPipelineEndpoint>; answer: PipelineRecord };
  "pipelines.get": { segments: { workspace: string; pipeline: string }; query: never; body: never; answer: PipelineRecord };
  "pipelines.plan": { segments: { workspace: string }; query: never; body: Partial<SubmitPipeline>; answer: PipelinePlan };
  "pipelines.submit": { segments: { workspace: string }; query: never; body: Partial<SubmitPipeline>; answer: PipelineRecord };
  "published_pipelines.change": { segments: { workspace: string; published: string }; query: never; body: Partial<ChangePublished>; answer: PublishedRecord };
  "published_pipelines.create": { segments: { workspace: string }; query: never; body: Partial<PublishPipeline>; answer: PublishedRecord };
  "published_pipelines.get": { segments: { workspace: string; published: string }; query: never; body: never; answer: PublishedRecord };
  "published_pipelines.list": { segments: { workspace: string }; query: Partial<PublishedQuery>; body: never; answer: PublishedPage };
  "published_pipelines.spec": { segments: { workspace: string; published: string }; query: never; body: never; answer: PipelineSpec };
  "published_pipelines.submit": { segments: { workspace: string; published: string }; query: never; body: Partial<SubmitPublished>; answer: PipelineRecord };
  "registered_models.change": { segments: { workspace: string; name: string }; query: never; body: Partial<ChangeRegisteredModel>; answer: RegisteredModelRecord };
  "registered_models.create": { segments: { workspace: string }; query: never; body: Partial<CreateRegisteredModel>; answer: RegisteredModelRecord };
  "registered_models.delete": { segments: { workspace: string; name: string }; query: never; body: never; answer: void };
  "registered_models.delete_alias": { segments: { workspace: string; name: string; alias: string }; query: never; body: never; answer: RegisteredModelRecord };
  "registered_models.get": { segments: { workspace: string; name: string }; query: never; body: never; answer: RegisteredModelRecord };
  "registered_models.search": { segments: { workspace: string }; query: never; body: Partial<Search>; answer: RegisteredModelPage };
  "registered_models.set_alias": { segments: { workspace: string; name: string; alias: string }; query: never; body: Partial<SetAlias>; answer: RegisteredModelRecord };
  "runs.archive": { segments: { workspace: string; run: string }; query: never; body: never; answer: RunRecord };
  "runs.cancel": { segments: { workspace: string; run: string }; query: never; body: never; answer: RunRecord };
  "runs.change": { segments: { workspace: string; run: string }; query: never; body: Partial<ChangeRun>; answer: RunRecord };
  "runs.complete": { segments: { workspace: string; run: string }; query: never; body: never; answer: RunRecord };
  "runs.explain": { segments: { workspace: string; run: string }; query: never; body: never; answer: RunExplanation };
  "runs.export": { segments: { workspace: string }; query: Partial<ExportRuns>; body: never; answer: Response };
  "runs.fail": { segments: { workspace: string; run: string }; query: never; body: Partial<FailRun>; answer: RunRecord };
  "runs.get": { segments: { workspace: string; run: string }; query: never; body: never; answer: RunRecord };
  "runs.keys": { segments: { workspace: string }; query: Partial<RunKeysQuery>; body: never; answer: RunKeys };
  "runs.list": { segments: { workspace: string }; query: Partial<RunQuery>; body: never; answer: RunPage };
  "runs.prioritize": { segments: { workspace: string; run: string }; query: never; body: Partial<Prioritize>; answer: RunRecord };
  "runs.search": { segments: { workspace: string }; query: never; body: Partial<Search>; answer: RunPage };
  "runs.spec": { segments: { workspace: string; run: string }; query: never; body: never; answer: RunSpec };
  "runs.start": { segments: { workspace: string }; query: never; body: Partial<StartRun>; answer: RunRecord };
  "runs.submit": { segments: { workspace: string }; query: never; body: Partial<SubmitRun>; answer: RunRecord };
  "runs.unarchive": { segments: { workspace: string; run: string }; query: never; body: never; answer: RunRecord };
  "runs.values": { segments: { workspace: string }; query: Partial<RunValuesQuery>; body: never; answer: RunValues };
  "schedules.change": { segments: { workspace: string; schedule: string }; query: never; body: Partial<ChangeSchedule>; answer: ScheduleRecord };
  "schedules.create": { segments: { workspace: string }; query: never; body: Partial<CreateSchedule>; answer: ScheduleRecord };
  "schedules.delete": { segments: { workspace: string; schedule: string }; query: never; body: never; answer: void };
  "schedules.get": { segments: { workspace: string; schedule: string }; query: never; body: never; answer: ScheduleRecord };
  "schedules.list": { segments: { workspace: string }; query: Partial<ScheduleQuery>; body: never; answer: SchedulePage };
  "schedules.runs": { segments: { workspace: string; schedule: string }; query: Partial<ScheduleRunQuery>; body: never; answer: RunPage };
  "secrets.delete": { segments: { workspace: string; name: string }; query: never; body: never; answer: void };
  "secrets.keep": { segments: { workspace: string; name: string }; query: never; body: Partial<KeepSecret>; answer: SecretRecord };
  "secrets.list": { segments: { workspace: string }; query: never; body: never; answer: SecretPage };
  "secrets.read": { segments: { workspace: string; name: string }; query: never; body: never; answer: SecretValue };
  "seen.get": { segments: { workspace: string }; query: never; body: never; answer: Seen };
  "seen.put": { segments: { workspace: string }; query: never; body: Partial<Seen>; answer: Seen };
  "series.read": { segments: { workspace: string }; query: never; body: Partial<ReadSeries>; answer: SeriesPage };
  "service.about": { segments: {}; query: never; body: never; answer: About };
  "service.doctor": { segments: {}; query: never; body: never; answer: DoctorReport };
  "service.settings": { segments: {}; query: never; body: never; answer: SettingsPage };
  "service.status": { segments: {}; query: never; body: never; answer: ServiceStatus };
  "service.stop": { segments: {}; query: never; body: never; answer: void };
  "sites.exchange": { segments: { site: string }; query: never; body: Partial<SiteMessage>; answer: SiteReply };
  "sites.list": { segments: {}; query: never; body: never; answer: SitePage };
  "snapshots.create": { segments: { workspace: string }; query: never; body: Partial<CreateSnapshot>; answer: SnapshotRecord };
  "snapshots.get": { segments: { workspace: string; snapshot: string }; query: never; body: never; answer: SnapshotRecord };
  "stars.add": { segments: { workspace: string; kind: string; name: string }; query: never; body: never; answer: StarRecord };
  "stars.list": { segments: { workspace: string }; query: Partial<StarQuery>; body: never; answer: StarPage };
  "stars.remove": { segments: { workspace: string; kind: string; name: string }; query: never; body: never; answer: void };
  "storage.get": { segments: {}; query: Partial<StorageQuery>; body: never; answer: StorageReport };
  "stream.follow": { segments: { workspace: string }; query: Partial<StreamQuery>; body: never; answer: never };
  "studio.codes": { segments: {}; query: never; body: never; answer: StudioCode };
  "studio.leave": { segments: { session: string }; query: never; body: never; answer: void };
  "studio.sessions": { segments: {}; query: never; body: never; answer: StudioSessions };
  "sweeps.cancel": { segments: { workspace: string; sweep: string }; query: never; body: never; answer: SweepRecord };
  "sweeps.change": { segments: { workspace: string; sweep: string }; query: never; body: Partial<ChangeSweep>; answer: SweepRecord };
  "sweeps.close": { segments: { workspace: string; sweep: string }; query: never; body: never; answer: SweepRecord };
  "sweeps.create": { segments: { workspace: string }; query: never; body: Partial<CreateSweep>; answer: SweepRecord };
  "sweeps.exchange": { segments: { workspace: string; sweep: string }; query: never; body: Partial<Exchange>; answer: Exchanged };
  "sweeps.get": { segments: { workspace: string; sweep: string }; query: never; body: never; answer: SweepRecord };
  "sweeps.importance": { segments: { workspace: string; sweep: string }; query: never; body: never; answer: SweepImportance };
  "sweeps.list": { segments: { workspace: string }; query: Partial<SweepQuery>; body: never; answer: SweepPage };
  "sweeps.table": { segments: { workspace: string; sweep: string }; query: Partial<TableQuery>; body: never; answer: SweepTable };
  "sweeps.trials": { segments: { workspace: string; sweep: string }; query: Partial<TrialQuery>; body: never; answer: TrialPage };
  "tensorboard.get": { segments: { workspace: string; board: string }; query: never; body: never; answer: BoardRecord };
  "tensorboard.list": { segments: { workspace: string }; query: never; body: never; answer: BoardList };
  "tensorboard.program": { segments: { workspace: string }; query: never; body: never; answer: TensorboardProgram };
  "tensorboard.start": { segments: { workspace: string }; query: never; body: Partial<StartBoard>; answer: BoardRecord };
  "tensorboard.stop": { segments: { workspace: string; board: string }; query: never; body: never; answer: void };
  "tokens.create": { segments: {}; query: never; body: Partial<CreateToken>; answer: NewToken };
  "tokens.list": { segments: {}; query: Partial<TokenQuery>; body: never; answer: TokenPage };
  "tokens.revoke": { segments: { token: string }; query: never; body: never; answer: void };
  "tokens.rotate": { segments: { token: string }; query: never; body: Partial<RotateToken>; answer: NewToken };
  "trash.add": { segments: { workspace: string }; query: never; body: Partial<AddTrash>; answer: TrashEntry };
  "trash.empty": { segments: { workspace: string }; query: never; body: never; answer: void };
  "trash.free": { segments: { workspace: string; entry: string }; query: never; body: never; answer: TrashEntry };
  "trash.list": { segments: { workspace: string }; query: Partial<TrashQuery>; body: never; answer: TrashPage };
  "trash.restore": { segments: { workspace: string; entry: string }; query: never; body: never; answer: TrashEntry };
  "usage.series": { segments: { workspace: string; run: string }; query: Partial<UsageQuery>; body: never; answer: UsagePage };
  "users.add": { segments: {}; query: never; body: Partial<AddUser>; answer: UserRecord };
  "users.change": { segments: { user: string }; query: never; body: Partial<ChangeUser>; answer: UserRecord };
  "users.grant": { segments: { workspace: string; user: string }; query: never; body: Partial<GrantRole>; answer: MemberPage };
  "users.list": { segments: {}; query: Partial<UserQuery>; body: never; answer: UserPage };
  "users.me": { segments: {}; query: never; body: never; answer: Me };
  "users.members": { segments: { workspace: string }; query: never; body: never; answer: MemberPage };
  "users.remove": { segments: { user: string }; query: never; body: never; answer: void };
  "users.withdraw": { segments: { workspace: string; user: string }; query: never; body: never; answer: void };
  "views.change": { segments: { workspace: string; view: string }; query: never; body: Partial<ChangeView>; answer: ViewRecord };
  "views.create": { segments: { workspace: string }; query: never; body: Partial<CreateView>; answer: ViewRecord };
  "views.delete": { segments: { workspace: string; view: string }; query: never; body: never; answer: void };
  "views.list": { segments: { workspace: string }; query: Partial<ViewQuery>; body: never; answer: ViewPage };
  "workspaces.change": { segments: { workspace: string }; query: never; body: Partial<ChangeWorkspace>; answer: WorkspaceRecord };
  "workspaces.create": { segments: {}; query: never; body: Partial<CreateWorkspace>; answer: WorkspaceRecord };
  "workspaces.delete": { segments: { workspace: string }; query: Partial<DeleteWorkspace>; body: never; answer: TrashEntry };
  "workspaces.deleted": { segments: {}; query: never; body: never; answer: TrashPage };
  "workspaces.free": { segments: { deleted: string }; query: never; body: never; answer: TrashEntry };
  "workspaces.get": { segments: { workspace: string }; query: never; body: never; answer: WorkspaceRecord };
  "workspaces.list": { segments: {}; query: Partial<WorkspaceQuery>; body: never; answer: WorkspacePage };
  "workspaces.restore": { segments: { deleted: string }; query: never; body: never; answer: WorkspaceRecord };
}

export const routes = {
  "audit.list": {"method": "GET", "path": "/api/v1/audit"},
  "audit.of_workspace": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/audit"},
  "beats.note": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/beat"},
  "blobs.missing": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/blobs/missing"},
  "blobs.read": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/blobs/{digest}"},
  "blobs.read_many": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/blobs/read"},
  "blobs.write": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/blobs/{digest}"},
  "blobs.write_many": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/blobs/write"},
  "commands.end": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/commands/{command}/end"},
  "commands.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/commands/{command}"},
  "commands.start": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/commands"},
  "commands.take": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/commands/take"},
  "compute.attach": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/compute/attach"},
  "compute.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/compute/{compute}"},
  "compute.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/compute"},
  "compute.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/compute/{compute}"},
  "compute.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/compute/{compute}"},
  "compute.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/compute"},
  "compute.nodes": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/compute/{compute}/nodes"},
  "compute.occupancy": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/compute/{compute}/occupancy"},
  "compute.queue": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/queue"},
  "datasets.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/datasets/{dataset}"},
  "datasets.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/datasets/{dataset}"},
  "datasets.files": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datasets/{dataset}/files"},
  "datasets.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datasets/{dataset}"},
  "datasets.keep": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/dataset-contents"},
  "datasets.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datasets"},
  "datasets.measure": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/dataset-measures"},
  "datasets.note_changes": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/changed-inputs"},
  "datasets.note_reference": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/dataset-references"},
  "datasets.note_url": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/web-files"},
  "datasets.of_run": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/datasets"},
  "datasets.readers": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datasets/{dataset}/readers"},
  "datasets.register": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/datasets"},
  "datasets.save": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/dataset-definitions"},
  "datasets.url": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/web-files"},
  "datastores.addresses": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/addresses"},
  "datastores.archive": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/archive"},
  "datastores.begin_write": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/begin-write"},
  "datastores.end_write": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/end-write"},
  "datastores.files": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/files"},
  "datastores.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}"},
  "datastores.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datastores"},
  "datastores.read": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/files/{path:path}"},
  "datastores.read_many": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/read"},
  "datastores.register": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/datastores"},
  "datastores.remove": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/files/{path:path}"},
  "datastores.unregister": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}"},
  "datastores.write": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/files/{path:path}"},
  "datastores.write_many": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/datastores/{datastore}/write"},
  "endpoints.call": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}/call"},
  "endpoints.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}"},
  "endpoints.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/endpoints"},
  "endpoints.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}"},
  "endpoints.deploy": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}/deployments/{deployment}"},
  "endpoints.gateway": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/gateway"},
  "endpoints.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}"},
  "endpoints.keys": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}/keys"},
  "endpoints.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/endpoints"},
  "endpoints.logs": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}/logs"},
  "endpoints.regenerate": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}/keys"},
  "endpoints.rollback": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}/deployments/{deployment}/rollback"},
  "endpoints.token": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}/token"},
  "endpoints.undeploy": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/endpoints/{endpoint}/deployments/{deployment}"},
  "environments.build_log": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/environment-locks/{lock}/log"},
  "environments.evict": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/environment-locks/{lock}"},
  "environments.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/environments"},
  "environments.lock": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/environment-locks/{lock}"},
  "environments.locks": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/environment-locks"},
  "environments.prune_images": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/environment-images/prune"},
  "environments.register": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/environments"},
  "events.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/events"},
  "events.stream": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/events/stream"},
  "experiments.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/experiments/{experiment}"},
  "experiments.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/experiments"},
  "experiments.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/experiments/{experiment}"},
  "experiments.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/experiments"},
  "experiments.search": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/experiments/search"},
  "feed.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/feed"},
  "feed.stream": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/feed/stream"},
  "files.archive": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/archive"},
  "files.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/files"},
  "files.read": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/files/{path:path}"},
  "files.register": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/files"},
  "gangs.join": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/join"},
  "gangs.orders": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/orders"},
  "gangs.ranks": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/ranks"},
  "images.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/images/{image}"},
  "images.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/images"},
  "images.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/images/{image}"},
  "images.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/images/{image}"},
  "images.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/images"},
  "jobs.finish": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/finish"},
  "jobs.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/job"},
  "jobs.report": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/report"},
  "journals.append": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/journals/{journal}/entries"},
  "journals.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/journals/{journal}"},
  "journals.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/journals"},
  "journals.read": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/journals/{journal}/entries"},
  "logs.append": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/runs/{run}/logs/{path:path}"},
  "logs.search": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/log-search/{path:path}"},
  "metrics.append": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/spool/{writer}"},
  "metrics.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/metrics"},
  "metrics.mark": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/spool/{writer}"},
  "metrics.read_many": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/metrics/read"},
  "models.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/models/{model}"},
  "models.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/models/{model}"},
  "models.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/models/{model}"},
  "models.history": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/models/{model}/history"},
  "models.lineage": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/models/{model}/lineage"},
  "models.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/models"},
  "models.register": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/models"},
  "models.search": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/models/search"},
  "models.stage": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/models/{model}/stage"},
  "models.verify": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/models/{model}/verify"},
  "parallel.cut": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/batches"},
  "parallel.exchange": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/nodes/{node}/batches/exchange"},
  "parallel.results": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/batches/results"},
  "parameters.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/parameters"},
  "parameters.log": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/parameters"},
  "pipeline_drafts.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/pipeline-drafts/{draft}"},
  "pipeline_drafts.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/pipeline-drafts"},
  "pipeline_drafts.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/pipeline-drafts/{draft}"},
  "pipeline_drafts.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/pipeline-drafts/{draft}"},
  "pipeline_drafts.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/pipeline-drafts"},
  "pipeline_drafts.publish": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/pipeline-drafts/{draft}/published"},
  "pipeline_drafts.spec": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/pipeline-drafts/{draft}/spec"},
  "pipeline_drafts.submit": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/pipeline-drafts/{draft}/runs"},
  "pipeline_endpoints.add": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/pipeline-endpoints/{endpoint}/versions"},
  "pipeline_endpoints.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/pipeline-endpoints/{endpoint}"},
  "pipeline_endpoints.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/pipeline-endpoints"},
  "pipeline_endpoints.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/pipeline-endpoints/{endpoint}"},
  "pipeline_endpoints.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/pipeline-endpoints"},
  "pipeline_endpoints.submit": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/pipeline-endpoints/{endpoint}/runs"},
  "pipelines.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/pipelines/{pipeline}"},
  "pipelines.plan": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/pipeline-plans"},
  "pipelines.submit": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/pipelines"},
  "published_pipelines.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/published-pipelines/{published}"},
  "published_pipelines.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/published-pipelines"},
  "published_pipelines.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/published-pipelines/{published}"},
  "published_pipelines.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/published-pipelines"},
  "published_pipelines.spec": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/published-pipelines/{published}/spec"},
  "published_pipelines.submit": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/published-pipelines/{published}/runs"},
  "registered_models.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/registered-models/{name}"},
  "registered_models.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/registered-models"},
  "registered_models.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/registered-models/{name}"},
  "registered_models.delete_alias": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/registered-models/{name}/aliases/{alias}"},
  "registered_models.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/registered-models/{name}"},
  "registered_models.search": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/registered-models/search"},
  "registered_models.set_alias": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/registered-models/{name}/aliases/{alias}"},
  "runs.archive": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/runs/{run}/archived"},
  "runs.cancel": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/cancel"},
  "runs.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/runs/{run}"},
  "runs.complete": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/complete"},
  "runs.explain": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/explanation"},
  "runs.export": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/run-export"},
  "runs.fail": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/fail"},
  "runs.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}"},
  "runs.keys": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/run-keys"},
  "runs.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs"},
  "runs.prioritize": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/{run}/priority"},
  "runs.search": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs/search"},
  "runs.spec": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/spec"},
  "runs.start": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/interactive-runs"},
  "runs.submit": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/runs"},
  "runs.unarchive": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/runs/{run}/archived"},
  "runs.values": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/run-values"},
  "schedules.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/schedules/{schedule}"},
  "schedules.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/schedules"},
  "schedules.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/schedules/{schedule}"},
  "schedules.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/schedules/{schedule}"},
  "schedules.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/schedules"},
  "schedules.runs": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/schedules/{schedule}/runs"},
  "secrets.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/secrets/{name}"},
  "secrets.keep": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/secrets/{name}"},
  "secrets.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/secrets"},
  "secrets.read": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/secrets/{name}/value"},
  "seen.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/seen"},
  "seen.put": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/seen"},
  "series.read": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/series/read"},
  "service.about": {"method": "GET", "path": "/api/v1/about"},
  "service.doctor": {"method": "GET", "path": "/api/v1/doctor"},
  "service.settings": {"method": "GET", "path": "/api/v1/settings"},
  "service.status": {"method": "GET", "path": "/api/v1/status"},
  "service.stop": {"method": "POST", "path": "/api/v1/stop"},
  "sites.exchange": {"method": "POST", "path": "/api/v1/sites/{site}/exchange"},
  "sites.list": {"method": "GET", "path": "/api/v1/sites"},
  "snapshots.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/snapshots"},
  "snapshots.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/snapshots/{snapshot}"},
  "stars.add": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/stars/{kind}/{name}"},
  "stars.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/stars"},
  "stars.remove": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/stars/{kind}/{name}"},
  "storage.get": {"method": "GET", "path": "/api/v1/storage"},
  "stream.follow": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/stream"},
  "studio.codes": {"method": "POST", "path": "/api/v1/studio/codes"},
  "studio.leave": {"method": "DELETE", "path": "/api/v1/studio/sessions/{session}"},
  "studio.sessions": {"method": "GET", "path": "/api/v1/studio/sessions"},
  "sweeps.cancel": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/sweeps/{sweep}/cancel"},
  "sweeps.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/sweeps/{sweep}"},
  "sweeps.close": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/sweeps/{sweep}/close"},
  "sweeps.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/sweeps"},
  "sweeps.exchange": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/sweeps/{sweep}/exchange"},
  "sweeps.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/sweeps/{sweep}"},
  "sweeps.importance": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/sweeps/{sweep}/importance"},
  "sweeps.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/sweeps"},
  "sweeps.table": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/sweeps/{sweep}/table"},
  "sweeps.trials": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/sweeps/{sweep}/trials"},
  "tensorboard.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/tensorboards/{board}"},
  "tensorboard.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/tensorboards"},
  "tensorboard.program": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/tensorboard-program"},
  "tensorboard.start": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/tensorboards"},
  "tensorboard.stop": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/tensorboards/{board}"},
  "tokens.create": {"method": "POST", "path": "/api/v1/tokens"},
  "tokens.list": {"method": "GET", "path": "/api/v1/tokens"},
  "tokens.revoke": {"method": "DELETE", "path": "/api/v1/tokens/{token}"},
  "tokens.rotate": {"method": "POST", "path": "/api/v1/tokens/{token}/rotate"},
  "trash.add": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/trash"},
  "trash.empty": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/trash"},
  "trash.free": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/trash/{entry}"},
  "trash.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/trash"},
  "trash.restore": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/trash/{entry}/restore"},
  "usage.series": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/runs/{run}/usage"},
  "users.add": {"method": "POST", "path": "/api/v1/users"},
  "users.change": {"method": "PATCH", "path": "/api/v1/users/{user}"},
  "users.grant": {"method": "PUT", "path": "/api/v1/workspaces/{workspace}/members/{user}"},
  "users.list": {"method": "GET", "path": "/api/v1/users"},
  "users.me": {"method": "GET", "path": "/api/v1/me"},
  "users.members": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/members"},
  "users.remove": {"method": "DELETE", "path": "/api/v1/users/{user}"},
  "users.withdraw": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/members/{user}"},
  "views.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}/views/{view}"},
  "views.create": {"method": "POST", "path": "/api/v1/workspaces/{workspace}/views"},
  "views.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}/views/{view}"},
  "views.list": {"method": "GET", "path": "/api/v1/workspaces/{workspace}/views"},
  "workspaces.change": {"method": "PATCH", "path": "/api/v1/workspaces/{workspace}"},
  "workspaces.create": {"method": "POST", "path": "/api/v1/workspaces"},
  "workspaces.delete": {"method": "DELETE", "path": "/api/v1/workspaces/{workspace}"},
  "workspaces.deleted": {"method": "GET", "path": "/api/v1/trash"},
  "workspaces.free": {"method": "DELETE", "path": "/api/v1/trash/{deleted}"},
  "workspaces.get": {"method": "GET", "path": "/api/v1/workspaces/{workspace}"},
  "workspaces.list": {"method": "GET", "path": "/api/v1/workspaces"},
  "workspaces.restore": {"method": "POST", "path": "/api/v1/trash/{deleted}/restore"},
} as const;
