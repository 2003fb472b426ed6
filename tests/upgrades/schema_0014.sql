BEGIN TRANSACTION;
CREATE TABLE audit (
	"key" INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	person VARCHAR NOT NULL, 
	via VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	route VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	object VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	detail TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE beating_runs (
	run_key BIGINT NOT NULL, 
	process VARCHAR NOT NULL, 
	PRIMARY KEY (run_key)
);
CREATE TABLE blob_marks (
	digest VARCHAR NOT NULL, 
	marked_at BIGINT NOT NULL, 
	due BIGINT NOT NULL, 
	PRIMARY KEY (digest)
);
CREATE TABLE collector_pass (
	began_at BIGINT NOT NULL, 
	ended_at BIGINT NOT NULL, 
	seen BIGINT NOT NULL, 
	marked BIGINT NOT NULL, 
	removed BIGINT NOT NULL, 
	size BIGINT NOT NULL, 
	PRIMARY KEY (began_at)
);
CREATE TABLE commands (
	run_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	node INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	command TEXT NOT NULL, 
	exit_code INTEGER, 
	PRIMARY KEY (run_key, number)
);
CREATE TABLE compute (
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	backend VARCHAR NOT NULL, 
	vm_size VARCHAR NOT NULL, 
	vm_priority VARCHAR NOT NULL, 
	min_nodes INTEGER NOT NULL, 
	max_nodes INTEGER NOT NULL, 
	idle_seconds INTEGER NOT NULL, 
	provisioning_state VARCHAR NOT NULL, 
	allocation_state VARCHAR NOT NULL, 
	allocation_changed_at BIGINT NOT NULL, 
	target_nodes INTEGER NOT NULL, 
	description TEXT NOT NULL, 
	location VARCHAR NOT NULL, 
	tags TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	modified_at BIGINT NOT NULL, 
	kind VARCHAR DEFAULT 'AmlCompute' NOT NULL, 
	PRIMARY KEY (workspace, name)
);
CREATE TABLE dataset_definitions (
	id VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	definition TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE dataset_names (
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	latest INTEGER NOT NULL, 
	numbered INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (workspace, name)
);
CREATE TABLE dataset_pins (
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	digest VARCHAR NOT NULL, 
	PRIMARY KEY (workspace, name, version, digest)
);
CREATE TABLE dataset_versions (
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	dataset VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	file_count INTEGER NOT NULL, 
	files BLOB NOT NULL, 
	description TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	created_by VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	pinned BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (workspace, name, version)
);
CREATE TABLE datastores (
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	datastore_type VARCHAR NOT NULL, 
	account_name VARCHAR NOT NULL, 
	container_name VARCHAR NOT NULL, 
	protocol VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	kind VARCHAR DEFAULT 'folder' NOT NULL, 
	settings TEXT DEFAULT '' NOT NULL, 
	credentials TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (workspace, name)
);
INSERT INTO "datastores" VALUES('default','workspaceblobstore','AzureBlob','runyard','workspaceblobstore','file',1600000000000000,'folder','','');
INSERT INTO "datastores" VALUES('default','workspacefilestore','AzureFile','runyard','workspacefilestore','file',1600000000000000,'folder','','');
CREATE TABLE deployed_models (
	workspace VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	deployment_key BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (workspace, model, deployment_key, revision)
)
 WITHOUT ROWID

;
CREATE TABLE deployments (
	"key" INTEGER NOT NULL, 
	endpoint_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	percent INTEGER NOT NULL, 
	mirror INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	coming INTEGER, 
	next_revision INTEGER NOT NULL, 
	wanted INTEGER NOT NULL, 
	error TEXT NOT NULL, 
	deaths INTEGER NOT NULL, 
	again_at BIGINT, 
	low_since BIGINT, 
	leaving BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (endpoint_key, name)
);
CREATE TABLE endpoints (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	port INTEGER NOT NULL, 
	default_deployment VARCHAR NOT NULL, 
	access TEXT NOT NULL, 
	keys TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	error TEXT NOT NULL, 
	description TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	properties TEXT NOT NULL, 
	v1 TEXT NOT NULL, 
	created_by VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, name)
);
CREATE TABLE environment_locks (
	digest VARCHAR NOT NULL, 
	python VARCHAR NOT NULL, 
	requirements TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (digest)
);
INSERT INTO "environment_locks" VALUES('d1','3.11.9','a==1
',1600000000000000);
CREATE TABLE environments (
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	definition TEXT NOT NULL, 
	document TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, name, version)
);
INSERT INTO "environments" VALUES('default','e',1,'{"name":"","version":"","python":"","user_managed":false,"interpreter":"python","pip":["a==1"],"conda":[],"channels":[],"index_url":"","as_of":"","as_of_from":"","docker_image":"","compatibility":""}','',1600000000000000);
CREATE TABLE events (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace VARCHAR NOT NULL, 
	subject_kind VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	time BIGINT NOT NULL, 
	message TEXT NOT NULL, 
	status VARCHAR, 
	data TEXT NOT NULL, 
	UNIQUE (workspace, subject_kind, subject, number)
);
INSERT INTO "events" VALUES(1,'default','experiment','mnist',1,'created',1600000000000000,'',NULL,'{}');
INSERT INTO "events" VALUES(2,'default','run','kept',1,'status',1600000000000000,'','Running','{}');
INSERT INTO "events" VALUES(3,'default','run','kept',2,'file',1600000000000000,'outputs/model/x',NULL,'{"path":"outputs/model/x","count":"1"}');
INSERT INTO "events" VALUES(4,'default','model','m:1',1,'registered',1600000000000000,'run kept, files 1',NULL,'{}');
INSERT INTO "events" VALUES(5,'default','environment','e:1',1,'registered',1600000000000000,'',NULL,'{}');
INSERT INTO "events" VALUES(6,'default','run','kept',3,'status',1600000000000000,'','Completed','{}');
CREATE TABLE experiment_facts (
	experiment VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	title VARCHAR, 
	location TEXT NOT NULL, 
	deleted_at BIGINT, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (experiment), 
	UNIQUE (workspace, title)
);
CREATE TABLE experiment_tags (
	experiment VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (experiment, name)
);
CREATE TABLE experiments (
	id VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	run_count INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	notes TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES('b0df57d5-329e-4532-8d98-71199de9b4a8','default','mnist',1,1600000000000000,'');
CREATE TABLE file_digests (
	workspace VARCHAR NOT NULL, 
	datastore VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	modified_at VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	PRIMARY KEY (workspace, datastore, path)
);
CREATE TABLE former_people (
	name VARCHAR NOT NULL, 
	removed_at BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE gang_nodes (
	run_key BIGINT NOT NULL, 
	node INTEGER NOT NULL, 
	joined TEXT, 
	tasks TEXT, 
	PRIMARY KEY (run_key, node)
);
CREATE TABLE idempotency (
	"key" VARCHAR NOT NULL, 
	body VARCHAR NOT NULL, 
	answer TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE image_names (
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	last_version INTEGER NOT NULL, 
	PRIMARY KEY (workspace, name)
)
 WITHOUT ROWID

;
CREATE TABLE images (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	run VARCHAR NOT NULL, 
	spec TEXT NOT NULL, 
	description TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	properties TEXT NOT NULL, 
	v1 TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, name, version)
);
CREATE TABLE job_nodes (
	run_key BIGINT NOT NULL, 
	node INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	node_id VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	handle TEXT, 
	pid INTEGER, 
	host VARCHAR NOT NULL, 
	launched_at BIGINT, 
	beat_at BIGINT, 
	finished_at BIGINT, 
	finish TEXT, 
	PRIMARY KEY (run_key, node)
);
CREATE TABLE journal_clients (
	journal_key BIGINT NOT NULL, 
	client VARCHAR NOT NULL, 
	sequence BIGINT NOT NULL, 
	first BIGINT NOT NULL, 
	heard_at BIGINT NOT NULL, 
	PRIMARY KEY (journal_key, client)
)
 WITHOUT ROWID

;
CREATE TABLE journal_entries (
	journal_key BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (journal_key, number)
)
 WITHOUT ROWID

;
CREATE TABLE journal_trials (
	journal_key BIGINT NOT NULL, 
	trial BIGINT NOT NULL, 
	sweep_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	PRIMARY KEY (journal_key, trial)
)
 WITHOUT ROWID

;
CREATE TABLE journals (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	entries BIGINT NOT NULL, 
	size BIGINT NOT NULL, 
	shown BIGINT NOT NULL, 
	next_study INTEGER NOT NULL, 
	next_trial BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, name)
);
CREATE TABLE leases (
	kind VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	token VARCHAR NOT NULL, 
	until BIGINT NOT NULL, 
	PRIMARY KEY (kind, workspace, subject)
);
CREATE TABLE lock_cache (
	definition VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (definition)
);
INSERT INTO "lock_cache" VALUES('definition','d1',1600000000000000);
CREATE TABLE lock_notes (
	definition VARCHAR NOT NULL, 
	notes TEXT NOT NULL, 
	PRIMARY KEY (definition)
);
CREATE TABLE logged_model_files (
	logged_key BIGINT NOT NULL, 
	path VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	PRIMARY KEY (logged_key, path)
);
CREATE TABLE logged_model_metrics (
	"key" INTEGER NOT NULL, 
	logged_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value FLOAT NOT NULL, 
	time BIGINT NOT NULL, 
	step BIGINT NOT NULL, 
	run VARCHAR NOT NULL, 
	dataset_name VARCHAR, 
	dataset_digest VARCHAR, 
	odd VARCHAR, 
	PRIMARY KEY ("key")
);
CREATE TABLE logged_model_params (
	logged_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (logged_key, name)
);
CREATE TABLE logged_model_tags (
	logged_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (logged_key, name)
);
CREATE TABLE logged_models (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	experiment VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	run VARCHAR, 
	model_type VARCHAR NOT NULL, 
	status INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, id)
);
CREATE TABLE metric_segments (
	series_id BIGINT NOT NULL, 
	first INTEGER NOT NULL, 
	count INTEGER NOT NULL, 
	encoding VARCHAR NOT NULL, 
	payload BLOB NOT NULL, 
	PRIMARY KEY (series_id, first)
);
INSERT INTO "metric_segments" VALUES(1,0,4,'float64',X'0000000000000000000000000000D03F000000000000E03F000000000000E83F07000000000000000700000000000000070000000000000007000000000000000000000000000000010000000000000002000000000000000300000000000000');
INSERT INTO "metric_segments" VALUES(2,0,1,'json',X'5B5B2274657874222C6E756C6C2C375D5D');
CREATE TABLE metric_series (
	id INTEGER NOT NULL, 
	run_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	last FLOAT, 
	minimum FLOAT, 
	maximum FLOAT, 
	source VARCHAR DEFAULT '' NOT NULL, 
	last_step BIGINT, 
	last_time BIGINT, 
	last_odd VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (run_key, name)
);
INSERT INTO "metric_series" VALUES(1,1,'acc','scalar',4,0.75,0.0,0.75,'',3,7,NULL);
INSERT INTO "metric_series" VALUES(2,1,'word','scalar',1,NULL,NULL,NULL,'',NULL,7,NULL);
CREATE TABLE metric_summaries (
	series_id BIGINT NOT NULL, 
	first INTEGER NOT NULL, 
	count INTEGER NOT NULL, 
	encoding VARCHAR NOT NULL, 
	payload BLOB NOT NULL, 
	PRIMARY KEY (series_id, first)
);
CREATE TABLE model_aliases (
	registered_key BIGINT NOT NULL, 
	alias VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (registered_key, alias)
);
CREATE TABLE model_changes (
	"key" INTEGER NOT NULL, 
	registered_key BIGINT NOT NULL, 
	version INTEGER, 
	time BIGINT NOT NULL, 
	actor VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	details TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "model_changes" VALUES(1,1,1,1600000000000000,'','registered','{"run":"kept","files":"1"}');
CREATE TABLE model_datasets (
	model_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	scenario VARCHAR NOT NULL, 
	dataset VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	PRIMARY KEY (model_key, number)
);
CREATE TABLE model_files (
	model_key BIGINT NOT NULL, 
	path VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	executable BOOLEAN NOT NULL, 
	PRIMARY KEY (model_key, path)
);
CREATE TABLE model_properties (
	model_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (model_key, name)
);
CREATE TABLE model_tags (
	model_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (model_key, name)
);
INSERT INTO "model_tags" VALUES(1,'a','b',NULL);
CREATE TABLE models (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	run VARCHAR, 
	experiment VARCHAR, 
	path VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	file_count INTEGER NOT NULL, 
	description TEXT NOT NULL, 
	framework VARCHAR NOT NULL, 
	framework_version VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	cpus FLOAT, 
	memory_gb FLOAT, 
	gpus INTEGER, 
	stage VARCHAR DEFAULT 'None' NOT NULL, 
	changed_at BIGINT DEFAULT '0' NOT NULL, 
	created_by VARCHAR DEFAULT '' NOT NULL, 
	files_of BIGINT, 
	files_below VARCHAR, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, name, version)
);
INSERT INTO "models" VALUES(1,'default','m',1,'kept','mnist','model',4,1,'','','',1600000000000000,NULL,NULL,NULL,'None',1600000000000000,'',1,'outputs/model');
CREATE TABLE nodes (
	workspace VARCHAR NOT NULL, 
	compute VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	run VARCHAR, 
	since BIGINT NOT NULL, 
	PRIMARY KEY (workspace, compute, id)
);
CREATE TABLE parallel_batches (
	run_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	node INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	errors BIGINT NOT NULL, 
	digest VARCHAR, 
	start BIGINT NOT NULL, 
	size BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (run_key, number)
);
CREATE TABLE parallel_runs (
	run_key BIGINT NOT NULL, 
	digest VARCHAR NOT NULL, 
	batches INTEGER NOT NULL, 
	next INTEGER NOT NULL, 
	done INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	items BIGINT NOT NULL, 
	errors BIGINT NOT NULL, 
	PRIMARY KEY (run_key)
);
CREATE TABLE people (
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	is_owner BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE pipeline_drafts (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	description TEXT NOT NULL, 
	experiment VARCHAR NOT NULL, 
	continue_on_failure BOOLEAN NOT NULL, 
	spec TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	last_run VARCHAR, 
	created_by VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, id)
);
CREATE TABLE pipeline_endpoint_versions (
	endpoint_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	published VARCHAR NOT NULL, 
	PRIMARY KEY (endpoint_key, number)
);
CREATE TABLE pipeline_endpoints (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	description TEXT NOT NULL, 
	status VARCHAR NOT NULL, 
	default_version INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, id)
);
CREATE TABLE pipeline_nodes (
	run_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	step_key BIGINT NOT NULL, 
	state VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	reuse TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	reused_key BIGINT, 
	parts TEXT NOT NULL, 
	outputs TEXT NOT NULL, 
	missing INTEGER DEFAULT '0' NOT NULL, 
	news BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (run_key, number)
);
CREATE TABLE pipeline_runs (
	run_key BIGINT NOT NULL, 
	active BOOLEAN NOT NULL, 
	spec TEXT NOT NULL, 
	parameters TEXT NOT NULL, 
	continue_on_failure BOOLEAN NOT NULL, 
	regenerate BOOLEAN NOT NULL, 
	written BOOLEAN DEFAULT 1 NOT NULL, 
	PRIMARY KEY (run_key)
);
CREATE TABLE published_pipelines (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	description TEXT NOT NULL, 
	version VARCHAR NOT NULL, 
	active BOOLEAN NOT NULL, 
	continue_on_failure BOOLEAN NOT NULL, 
	spec TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	published_by VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, id)
);
CREATE TABLE published_snapshots (
	workspace VARCHAR NOT NULL, 
	snapshot VARCHAR NOT NULL, 
	published VARCHAR NOT NULL, 
	PRIMARY KEY (workspace, snapshot, published)
);
CREATE TABLE registered_model_tags (
	registered_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (registered_key, name)
);
CREATE TABLE registered_models (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	last_version INTEGER NOT NULL, 
	latest_key BIGINT, 
	description TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	created_by VARCHAR NOT NULL, 
	removed BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, name)
);
INSERT INTO "registered_models" VALUES(1,'default','m',1,1,'',1600000000000000,1600000000000000,'',0);
CREATE TABLE replicas (
	run_key BIGINT NOT NULL, 
	deployment_key BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	since BIGINT NOT NULL, 
	restarts INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	gpus VARCHAR NOT NULL, 
	retired_at BIGINT, 
	PRIMARY KEY (run_key)
);
CREATE TABLE reuse_notices (
	workspace VARCHAR NOT NULL, 
	told_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace)
);
CREATE TABLE revisions (
	deployment_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	spec TEXT NOT NULL, 
	snapshot VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (deployment_key, number)
)
 WITHOUT ROWID

;
CREATE TABLE roles (
	person VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	PRIMARY KEY (person, workspace)
);
CREATE TABLE run_datasets (
	run_key BIGINT NOT NULL, 
	direction VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	dataset VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	registered VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	changed BOOLEAN NOT NULL, 
	files BLOB NOT NULL, 
	PRIMARY KEY (run_key, direction, name)
);
CREATE TABLE run_files (
	run_key BIGINT NOT NULL, 
	path VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	digest VARCHAR, 
	size BIGINT NOT NULL, 
	executable BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (run_key, path)
);
INSERT INTO "run_files" VALUES(1,'outputs/model/x','artifact','3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7',4,0,1600000000000000);
CREATE TABLE run_inputs (
	run_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	context VARCHAR, 
	document TEXT NOT NULL, 
	PRIMARY KEY (run_key, number)
);
CREATE TABLE run_params (
	run_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (run_key, name)
);
CREATE TABLE run_properties (
	run_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (run_key, name)
);
INSERT INTO "run_properties" VALUES(1,'p','1',1.0);
CREATE TABLE run_specs (
	run_key BIGINT NOT NULL, 
	spec TEXT NOT NULL, 
	PRIMARY KEY (run_key)
);
INSERT INTO "run_specs" VALUES(1,'{"experiment":"mnist","snapshot":"8daa23a5527919020421529bf132c4390ccf8b3e552c85b36c9d8d83b5a01642","script":"","arguments":[],"command":[],"target":"sdk","node_count":1,"launcher":{"kind":"single","process_count_per_node":1,"worker_count":0,"parameter_server_count":0,"backend":"","chief_count":0,"evaluator_count":0,"exit_deadline_seconds":null,"parallel":null},"environment":{"name":"","version":"","python":"","user_managed":false,"interpreter":"python","pip":[],"conda":[],"channels":[],"index_url":"","as_of":"","as_of_from":"","docker_image":"","compatibility":""},"environment_variables":{},"data":[],"watched_folders":["logs"],"max_duration_seconds":null,"max_retries":0,"shared_memory":null,"definition":{},"resumes":null,"priority":0,"inputs":[],"outputs":[],"container":null}');
CREATE TABLE run_tags (
	run_key BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT, 
	number FLOAT, 
	PRIMARY KEY (run_key, name)
);
INSERT INTO "run_tags" VALUES(1,'t',NULL,NULL);
CREATE TABLE runs (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	experiment VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	status VARCHAR NOT NULL, 
	active BOOLEAN NOT NULL, 
	run_type VARCHAR, 
	name VARCHAR, 
	target VARCHAR NOT NULL, 
	parent VARCHAR, 
	snapshot VARCHAR, 
	environment_lock VARCHAR, 
	node_count INTEGER NOT NULL, 
	reason TEXT, 
	error TEXT, 
	warnings TEXT NOT NULL, 
	description TEXT NOT NULL, 
	submitted_by VARCHAR NOT NULL, 
	stage_seconds TEXT NOT NULL, 
	last_event INTEGER NOT NULL, 
	cancel_requested BOOLEAN NOT NULL, 
	attempt INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	started_at BIGINT, 
	ended_at BIGINT, 
	submitted_from VARCHAR, 
	deleted_at BIGINT, 
	priority INTEGER DEFAULT '0' NOT NULL, 
	place BIGINT, 
	archived BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, id)
);
INSERT INTO "runs" VALUES(1,'default','kept','mnist',1,'Completed',0,NULL,NULL,'sdk',NULL,'8daa23a5527919020421529bf132c4390ccf8b3e552c85b36c9d8d83b5a01642',NULL,1,NULL,NULL,'[]','','','{"Running":0.0}',3,0,0,1600000000000000,1600000000000000,1600000000000000,NULL,NULL,0,NULL,0);
CREATE TABLE schedule_files (
	workspace VARCHAR NOT NULL, 
	schedule VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	PRIMARY KEY (workspace, schedule, name)
);
CREATE TABLE schedule_runs (
	run_key BIGINT NOT NULL, 
	schedule VARCHAR NOT NULL, 
	PRIMARY KEY (run_key)
);
CREATE TABLE schedules (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	description TEXT NOT NULL, 
	active BOOLEAN NOT NULL, 
	pipeline VARCHAR NOT NULL, 
	endpoint VARCHAR NOT NULL, 
	experiment VARCHAR NOT NULL, 
	spec TEXT NOT NULL, 
	anchor BIGINT NOT NULL, 
	due_at BIGINT, 
	last_key BIGINT, 
	last_at BIGINT, 
	reason TEXT NOT NULL, 
	runs_for VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, id)
);
CREATE TABLE schema_version (
	version VARCHAR NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES('0014');
CREATE TABLE secrets (
	workspace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	sealed TEXT NOT NULL, 
	owner VARCHAR NOT NULL, 
	made_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, name)
);
CREATE TABLE seen (
	workspace VARCHAR NOT NULL, 
	person VARCHAR NOT NULL, 
	failures BIGINT NOT NULL, 
	PRIMARY KEY (workspace, person)
);
CREATE TABLE snapshots (
	workspace VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	files TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, id)
);
INSERT INTO "snapshots" VALUES('default','8daa23a5527919020421529bf132c4390ccf8b3e552c85b36c9d8d83b5a01642',4,'[{"path":"a.py","digest":"3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7","size":4,"executable":false}]',1600000000000000);
CREATE TABLE spool_marks (
	run_key BIGINT NOT NULL, 
	writer VARCHAR NOT NULL, 
	lines INTEGER NOT NULL, 
	PRIMARY KEY (run_key, writer)
);
INSERT INTO "spool_marks" VALUES(1,'1-aa',5);
CREATE TABLE stars (
	workspace VARCHAR NOT NULL, 
	person VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	made_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, person, kind, name)
);
CREATE TABLE step_results (
	run_key BIGINT NOT NULL, 
	workspace VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	parts TEXT NOT NULL, 
	outputs TEXT NOT NULL, 
	PRIMARY KEY (run_key)
);
CREATE TABLE studio_sessions (
	id VARCHAR NOT NULL, 
	person VARCHAR NOT NULL, 
	client VARCHAR NOT NULL, 
	made_at BIGINT NOT NULL, 
	used_at BIGINT NOT NULL, 
	ends_at BIGINT NOT NULL, 
	token VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE sweep_clients (
	sweep_key BIGINT NOT NULL, 
	client VARCHAR NOT NULL, 
	sequence BIGINT NOT NULL, 
	answer TEXT NOT NULL, 
	PRIMARY KEY (sweep_key, client)
)
 WITHOUT ROWID

;
CREATE TABLE sweeps (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	run_key BIGINT NOT NULL, 
	experiment VARCHAR NOT NULL, 
	name VARCHAR, 
	active BOOLEAN NOT NULL, 
	closed BOOLEAN NOT NULL, 
	paused BOOLEAN NOT NULL, 
	spec TEXT NOT NULL, 
	max_trials INTEGER, 
	parallel INTEGER, 
	max_duration_seconds FLOAT, 
	space_size BIGINT, 
	queue TEXT NOT NULL, 
	taken INTEGER NOT NULL, 
	next_number INTEGER NOT NULL, 
	counts TEXT NOT NULL, 
	best INTEGER, 
	front TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	journal_key BIGINT, 
	study INTEGER, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, id)
);
CREATE TABLE trash (
	"key" INTEGER NOT NULL, 
	workspace VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	size BIGINT NOT NULL, 
	deleted_by VARCHAR NOT NULL, 
	deleted_at BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	details TEXT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (workspace, kind, subject)
);
CREATE TABLE trial_values (
	sweep_key BIGINT NOT NULL, 
	first INTEGER NOT NULL, 
	count INTEGER NOT NULL, 
	payload BLOB NOT NULL, 
	PRIMARY KEY (sweep_key, first)
)
 WITHOUT ROWID

;
CREATE TABLE trials (
	sweep_key BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	params TEXT NOT NULL, 
	results TEXT NOT NULL, 
	best FLOAT, 
	last FLOAT, 
	position BIGINT, 
	run_key BIGINT, 
	client VARCHAR, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	verdict VARCHAR, 
	reason TEXT NOT NULL, 
	from_trial INTEGER, 
	resumes VARCHAR, 
	PRIMARY KEY (sweep_key, number)
)
 WITHOUT ROWID

;
CREATE TABLE user_tokens (
	id VARCHAR NOT NULL, 
	person VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	prefix VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	ends_at BIGINT NOT NULL, 
	used_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (person, name)
);
CREATE TABLE views (
	id VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	noun VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	settings TEXT NOT NULL, 
	owner VARCHAR NOT NULL, 
	made_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (workspace, noun, name)
);
CREATE TABLE web_files (
	workspace VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	etag VARCHAR NOT NULL, 
	fetched_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, url)
);
CREATE TABLE workspaces (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	subscription_id VARCHAR NOT NULL, 
	resource_group VARCHAR NOT NULL, 
	location VARCHAR NOT NULL, 
	friendly_name VARCHAR NOT NULL, 
	sku VARCHAR NOT NULL, 
	default_datastore VARCHAR NOT NULL, 
	tags TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	as_of VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name, subscription_id, resource_group)
);
INSERT INTO "workspaces" VALUES('default','default','00000000-0000-0000-0000-000000000000','runyard','local','default','basic','workspaceblobstore','{}',1600000000000000,'');
CREATE INDEX audit_of_object ON audit (object, "key");
CREATE INDEX blob_marks_due ON blob_marks (due);
CREATE INDEX dataset_versions_of_definition ON dataset_versions (workspace, dataset, name, version);
CREATE INDEX events_of_others ON events (workspace, subject_kind, position) WHERE subject_kind <> 'run';
CREATE INDEX events_of_workspace ON events (workspace, position);
CREATE INDEX experiments_by_creation ON experiments (workspace, created_at, id);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
CREATE INDEX job_nodes_lost ON job_nodes (run_key) WHERE state = 'lost';
CREATE INDEX job_nodes_open ON job_nodes (finished_at, run_key);
CREATE INDEX logged_model_metrics_of_model ON logged_model_metrics (logged_key, name);
CREATE INDEX logged_models_of_experiment ON logged_models (workspace, experiment, created_at, "key");
CREATE INDEX logged_models_of_run ON logged_models (workspace, run, "key");
CREATE INDEX metric_series_by_last ON metric_series (name, kind, last, run_key);
CREATE INDEX model_aliases_of_version ON model_aliases (registered_key, version);
CREATE INDEX model_changes_of_model ON model_changes (registered_key, "key");
CREATE INDEX model_datasets_of ON model_datasets (dataset, model_key);
CREATE INDEX model_properties_by_number ON model_properties (name, number, model_key);
CREATE INDEX model_properties_by_value ON model_properties (name, value, model_key);
CREATE INDEX model_tags_by_number ON model_tags (name, number, model_key);
CREATE INDEX model_tags_by_value ON model_tags (name, value, model_key);
CREATE INDEX models_by_files ON models (files_of, "key");
CREATE INDEX models_of_run ON models (workspace, run, "key");
CREATE INDEX models_of_stage ON models (workspace, name, stage, "key");
CREATE INDEX models_of_workspace ON models (workspace, "key");
CREATE INDEX nodes_of_run ON nodes (workspace, run);
CREATE INDEX parallel_batches_by_state ON parallel_batches (run_key, state, node, number);
CREATE INDEX pipeline_drafts_of_workspace ON pipeline_drafts (workspace, "key");
CREATE INDEX pipeline_endpoints_by_name ON pipeline_endpoints (workspace, name, "key");
CREATE INDEX pipeline_endpoints_by_status ON pipeline_endpoints (workspace, status, "key");
CREATE INDEX pipeline_endpoints_of_workspace ON pipeline_endpoints (workspace, "key");
CREATE INDEX pipeline_nodes_by_news ON pipeline_nodes (run_key, news, number);
CREATE INDEX pipeline_nodes_by_state ON pipeline_nodes (run_key, state, missing, number);
CREATE INDEX pipeline_nodes_of_digest ON pipeline_nodes (digest, state);
CREATE INDEX pipeline_nodes_of_step ON pipeline_nodes (step_key);
CREATE INDEX pipeline_runs_active ON pipeline_runs (active, run_key);
CREATE INDEX published_pipelines_active ON published_pipelines (workspace, active, "key");
CREATE INDEX published_pipelines_of_workspace ON published_pipelines (workspace, "key");
CREATE INDEX registered_model_tags_by_number ON registered_model_tags (name, number, registered_key);
CREATE INDEX registered_model_tags_by_value ON registered_model_tags (name, value, registered_key);
CREATE INDEX registered_models_by_change ON registered_models (workspace, changed_at, "key");
CREATE INDEX replicas_of_deployment ON replicas (deployment_key, run_key);
CREATE INDEX roles_of_workspace ON roles (workspace, person);
CREATE INDEX run_datasets_of ON run_datasets (dataset, run_key);
CREATE INDEX run_inputs_by_name ON run_inputs (kind, name, run_key);
CREATE INDEX run_params_by_number ON run_params (name, number, run_key);
CREATE INDEX run_params_by_value ON run_params (name, value, run_key);
CREATE INDEX run_properties_by_number ON run_properties (name, number, run_key);
CREATE INDEX run_properties_by_value ON run_properties (name, value, run_key);
CREATE INDEX run_tags_by_number ON run_tags (name, number, run_key);
CREATE INDEX run_tags_by_value ON run_tags (name, value, run_key);
CREATE INDEX runs_active ON runs (active, "key");
CREATE INDEX runs_by_active ON runs (workspace, active, "key");
CREATE INDEX runs_by_archived ON runs (workspace, archived, "key");
CREATE INDEX runs_by_attempt ON runs (workspace, attempt, "key");
CREATE INDEX runs_by_created_at ON runs (workspace, created_at, "key");
CREATE INDEX runs_by_description ON runs (workspace, description, "key");
CREATE INDEX runs_by_duration ON runs (workspace, (ended_at - started_at) / 1000000.0, "key");
CREATE INDEX runs_by_ended_at ON runs (workspace, ended_at, "key");
CREATE INDEX runs_by_name ON runs (workspace, name, "key");
CREATE INDEX runs_by_nodes ON runs (workspace, node_count, "key");
CREATE INDEX runs_by_number ON runs (workspace, number, "key");
CREATE INDEX runs_by_priority ON runs (workspace, priority, "key");
CREATE INDEX runs_by_snapshot ON runs (workspace, snapshot, "key");
CREATE INDEX runs_by_started_at ON runs (workspace, started_at, "key");
CREATE INDEX runs_by_target ON runs (workspace, target, "key");
CREATE INDEX runs_by_type ON runs (workspace, run_type, "key");
CREATE INDEX runs_by_user ON runs (workspace, submitted_by, "key");
CREATE INDEX runs_deleted ON runs (workspace, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX runs_going ON runs (workspace, 0 - started_at, "key") WHERE coalesce(ended_at, 0) = 0 AND coalesce(started_at, 0) > 0;
CREATE INDEX runs_of_experiment ON runs (workspace, experiment, "key");
CREATE INDEX runs_of_experiment_by_archived ON runs (workspace, experiment, archived, "key");
CREATE INDEX runs_of_experiment_by_created_at ON runs (workspace, experiment, created_at, "key");
CREATE INDEX runs_of_experiment_by_duration ON runs (workspace, experiment, (ended_at - started_at) / 1000000.0, "key");
CREATE INDEX runs_of_experiment_by_ended_at ON runs (workspace, experiment, ended_at, "key");
CREATE INDEX runs_of_experiment_by_name ON runs (workspace, experiment, name, "key");
CREATE INDEX runs_of_experiment_by_started_at ON runs (workspace, experiment, started_at, "key");
CREATE INDEX runs_of_experiment_by_status ON runs (workspace, experiment, status, "key");
CREATE INDEX runs_of_lock ON runs (workspace, environment_lock, "key");
CREATE INDEX runs_of_parent ON runs (workspace, parent, "key");
CREATE INDEX runs_of_status ON runs (workspace, status, "key");
CREATE INDEX runs_of_target ON runs (workspace, target, active, priority DESC, coalesce(place, "key" * 1048576), "key");
CREATE INDEX runs_of_workspace ON runs (workspace, "key");
CREATE INDEX runs_submitted_from ON runs (workspace, submitted_from, "key");
CREATE INDEX schedule_runs_of_schedule ON schedule_runs (schedule, run_key);
CREATE INDEX schedules_active ON schedules (workspace, active, "key");
CREATE INDEX schedules_due ON schedules (active, due_at);
CREATE INDEX schedules_of_endpoint ON schedules (workspace, endpoint, "key");
CREATE INDEX schedules_of_pipeline ON schedules (workspace, pipeline, "key");
CREATE INDEX schedules_of_workspace ON schedules (workspace, "key");
CREATE INDEX stars_of ON stars (workspace, kind, name);
CREATE INDEX step_results_of_digest ON step_results (workspace, digest, run_key);
CREATE INDEX step_results_of_name ON step_results (workspace, name, run_key);
CREATE INDEX ix_studio_sessions_ends_at ON studio_sessions (ends_at);
CREATE INDEX sweeps_active ON sweeps (active, "key");
CREATE INDEX sweeps_of_experiment ON sweeps (workspace, experiment, "key");
CREATE INDEX sweeps_of_journal ON sweeps (journal_key, study);
CREATE INDEX sweeps_of_workspace ON sweeps (workspace, "key");
CREATE INDEX trash_due ON trash (until);
CREATE INDEX trash_of_workspace ON trash (workspace, "key");
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',6);
COMMIT;
