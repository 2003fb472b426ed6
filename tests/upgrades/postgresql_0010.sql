CREATE TABLE audit (
	key BIGSERIAL NOT NULL, 
	at BIGINT NOT NULL, 
	person VARCHAR COLLATE "C" NOT NULL, 
	via VARCHAR COLLATE "C" NOT NULL, 
	address VARCHAR COLLATE "C" NOT NULL, 
	route VARCHAR COLLATE "C" NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	object VARCHAR COLLATE "C" NOT NULL, 
	outcome VARCHAR COLLATE "C" NOT NULL, 
	detail TEXT COLLATE "C" NOT NULL, 
	count BIGINT NOT NULL, 
	PRIMARY KEY (key)
);
CREATE INDEX audit_of_object ON audit (object, key);
CREATE TABLE beating_runs (
	run_key BIGINT NOT NULL, 
	process VARCHAR COLLATE "C" NOT NULL, 
	PRIMARY KEY (run_key)
);
CREATE TABLE blob_marks (
	digest VARCHAR COLLATE "C" NOT NULL, 
	marked_at BIGINT NOT NULL, 
	due BIGINT NOT NULL, 
	PRIMARY KEY (digest)
);
CREATE INDEX blob_marks_due ON blob_marks (due);
CREATE TABLE commands (
	run_key BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	node BIGINT NOT NULL, 
	attempt BIGINT NOT NULL, 
	key VARCHAR COLLATE "C" NOT NULL, 
	command TEXT COLLATE "C" NOT NULL, 
	exit_code BIGINT, 
	PRIMARY KEY (run_key, number)
);
CREATE TABLE compute (
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	backend VARCHAR COLLATE "C" NOT NULL, 
	vm_size VARCHAR COLLATE "C" NOT NULL, 
	vm_priority VARCHAR COLLATE "C" NOT NULL, 
	min_nodes BIGINT NOT NULL, 
	max_nodes BIGINT NOT NULL, 
	idle_seconds BIGINT NOT NULL, 
	provisioning_state VARCHAR COLLATE "C" NOT NULL, 
	allocation_state VARCHAR COLLATE "C" NOT NULL, 
	allocation_changed_at BIGINT NOT NULL, 
	target_nodes BIGINT NOT NULL, 
	description TEXT COLLATE "C" NOT NULL, 
	location VARCHAR COLLATE "C" NOT NULL, 
	tags TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	modified_at BIGINT NOT NULL, 
	kind VARCHAR COLLATE "C" DEFAULT 'AmlCompute' NOT NULL, 
	PRIMARY KEY (workspace, name)
);
CREATE TABLE datastores (
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	datastore_type VARCHAR COLLATE "C" NOT NULL, 
	account_name VARCHAR COLLATE "C" NOT NULL, 
	container_name VARCHAR COLLATE "C" NOT NULL, 
	protocol VARCHAR COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, name)
);
CREATE TABLE deployed_models (
	workspace VARCHAR COLLATE "C" NOT NULL, 
	model VARCHAR COLLATE "C" NOT NULL, 
	deployment_key BIGINT NOT NULL, 
	revision BIGINT NOT NULL, 
	PRIMARY KEY (workspace, model, deployment_key, revision)
);
CREATE TABLE deployments (
	key BIGSERIAL NOT NULL, 
	endpoint_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	state VARCHAR COLLATE "C" NOT NULL, 
	percent BIGINT NOT NULL, 
	mirror BIGINT NOT NULL, 
	revision BIGINT NOT NULL, 
	coming BIGINT, 
	next_revision BIGINT NOT NULL, 
	wanted BIGINT NOT NULL, 
	error TEXT COLLATE "C" NOT NULL, 
	deaths BIGINT NOT NULL, 
	again_at BIGINT, 
	low_since BIGINT, 
	leaving SMALLINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (key), 
	UNIQUE (endpoint_key, name)
);
CREATE TABLE endpoints (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	id VARCHAR COLLATE "C" NOT NULL, 
	kind VARCHAR COLLATE "C" NOT NULL, 
	state VARCHAR COLLATE "C" NOT NULL, 
	port BIGINT NOT NULL, 
	default_deployment VARCHAR COLLATE "C" NOT NULL, 
	access TEXT COLLATE "C" NOT NULL, 
	keys TEXT COLLATE "C" NOT NULL, 
	operation TEXT COLLATE "C" NOT NULL, 
	error TEXT COLLATE "C" NOT NULL, 
	description TEXT COLLATE "C" NOT NULL, 
	tags TEXT COLLATE "C" NOT NULL, 
	properties TEXT COLLATE "C" NOT NULL, 
	v1 TEXT COLLATE "C" NOT NULL, 
	created_by VARCHAR COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (key), 
	UNIQUE (workspace, name)
);
CREATE TABLE environment_locks (
	digest VARCHAR COLLATE "C" NOT NULL, 
	python VARCHAR COLLATE "C" NOT NULL, 
	requirements TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (digest)
);
CREATE TABLE environments (
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	version BIGINT NOT NULL, 
	definition TEXT COLLATE "C" NOT NULL, 
	document TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, name, version)
);
CREATE TABLE events (
	position BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	subject_kind VARCHAR COLLATE "C" NOT NULL, 
	subject VARCHAR COLLATE "C" NOT NULL, 
	number BIGINT NOT NULL, 
	kind VARCHAR COLLATE "C" NOT NULL, 
	time BIGINT NOT NULL, 
	message TEXT COLLATE "C" NOT NULL, 
	status VARCHAR COLLATE "C", 
	data TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (position), 
	UNIQUE (workspace, subject_kind, subject, number)
);
CREATE INDEX events_of_others ON events (workspace, subject_kind, position) WHERE subject_kind <> 'run';
CREATE INDEX events_of_workspace ON events (workspace, position);
CREATE TABLE experiment_facts (
	experiment VARCHAR COLLATE "C" NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	title VARCHAR COLLATE "C", 
	location TEXT COLLATE "C" NOT NULL, 
	deleted_at BIGINT, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (experiment), 
	UNIQUE (workspace, title)
);
CREATE TABLE experiment_tags (
	experiment VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (experiment, name)
);
CREATE TABLE experiments (
	id VARCHAR COLLATE "C" NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	run_count BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	notes TEXT COLLATE "C" DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (workspace, name)
);
CREATE TABLE gang_nodes (
	run_key BIGINT NOT NULL, 
	node BIGINT NOT NULL, 
	joined TEXT COLLATE "C", 
	tasks TEXT COLLATE "C", 
	PRIMARY KEY (run_key, node)
);
CREATE TABLE idempotency (
	key VARCHAR COLLATE "C" NOT NULL, 
	body VARCHAR COLLATE "C" NOT NULL, 
	answer TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
CREATE TABLE image_names (
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	last_version BIGINT NOT NULL, 
	PRIMARY KEY (workspace, name)
);
CREATE TABLE images (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	version BIGINT NOT NULL, 
	run VARCHAR COLLATE "C" NOT NULL, 
	spec TEXT COLLATE "C" NOT NULL, 
	description TEXT COLLATE "C" NOT NULL, 
	tags TEXT COLLATE "C" NOT NULL, 
	properties TEXT COLLATE "C" NOT NULL, 
	v1 TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (key), 
	UNIQUE (workspace, name, version)
);
CREATE TABLE job_nodes (
	run_key BIGINT NOT NULL, 
	node BIGINT NOT NULL, 
	attempt BIGINT NOT NULL, 
	node_id VARCHAR COLLATE "C" NOT NULL, 
	state VARCHAR COLLATE "C" NOT NULL, 
	handle TEXT COLLATE "C", 
	pid BIGINT, 
	host VARCHAR COLLATE "C" NOT NULL, 
	launched_at BIGINT, 
	beat_at BIGINT, 
	finished_at BIGINT, 
	finish TEXT COLLATE "C", 
	PRIMARY KEY (run_key, node)
);
CREATE INDEX job_nodes_open ON job_nodes (finished_at, run_key);
CREATE TABLE journal_clients (
	journal_key BIGINT NOT NULL, 
	client VARCHAR COLLATE "C" NOT NULL, 
	sequence BIGINT NOT NULL, 
	first BIGINT NOT NULL, 
	heard_at BIGINT NOT NULL, 
	PRIMARY KEY (journal_key, client)
);
CREATE TABLE journal_entries (
	journal_key BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	text TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (journal_key, number)
);
CREATE TABLE journal_trials (
	journal_key BIGINT NOT NULL, 
	trial BIGINT NOT NULL, 
	sweep_key BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	PRIMARY KEY (journal_key, trial)
);
CREATE TABLE journals (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	id VARCHAR COLLATE "C" NOT NULL, 
	entries BIGINT NOT NULL, 
	size BIGINT NOT NULL, 
	shown BIGINT NOT NULL, 
	next_study BIGINT NOT NULL, 
	next_trial BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (key), 
	UNIQUE (workspace, name)
);
CREATE TABLE leases (
	kind VARCHAR COLLATE "C" NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	subject VARCHAR COLLATE "C" NOT NULL, 
	token VARCHAR COLLATE "C" NOT NULL, 
	until BIGINT NOT NULL, 
	PRIMARY KEY (kind, workspace, subject)
);
CREATE TABLE lock_cache (
	definition VARCHAR COLLATE "C" NOT NULL, 
	digest VARCHAR COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (definition)
);
CREATE TABLE lock_notes (
	definition VARCHAR COLLATE "C" NOT NULL, 
	notes TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (definition)
);
CREATE TABLE logged_model_files (
	logged_key BIGINT NOT NULL, 
	path VARCHAR COLLATE "C" NOT NULL, 
	digest VARCHAR COLLATE "C" NOT NULL, 
	size BIGINT NOT NULL, 
	PRIMARY KEY (logged_key, path)
);
CREATE TABLE logged_model_metrics (
	key BIGSERIAL NOT NULL, 
	logged_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value FLOAT NOT NULL, 
	time BIGINT NOT NULL, 
	step BIGINT NOT NULL, 
	run VARCHAR COLLATE "C" NOT NULL, 
	dataset_name VARCHAR COLLATE "C", 
	dataset_digest VARCHAR COLLATE "C", 
	PRIMARY KEY (key)
);
CREATE INDEX logged_model_metrics_of_model ON logged_model_metrics (logged_key, name);
CREATE TABLE logged_model_params (
	logged_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (logged_key, name)
);
CREATE TABLE logged_model_tags (
	logged_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (logged_key, name)
);
CREATE TABLE logged_models (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	id VARCHAR COLLATE "C" NOT NULL, 
	experiment VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	run VARCHAR COLLATE "C", 
	model_type VARCHAR COLLATE "C" NOT NULL, 
	status BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	PRIMARY KEY (key), 
	UNIQUE (workspace, id)
);
CREATE INDEX logged_models_of_experiment ON logged_models (workspace, experiment, created_at, key);
CREATE INDEX logged_models_of_run ON logged_models (workspace, run, key);
CREATE TABLE metric_segments (
	series_id BIGINT NOT NULL, 
	first BIGINT NOT NULL, 
	count BIGINT NOT NULL, 
	encoding VARCHAR COLLATE "C" NOT NULL, 
	payload BYTEA NOT NULL, 
	PRIMARY KEY (series_id, first)
);
CREATE TABLE metric_series (
	id BIGSERIAL NOT NULL, 
	run_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	kind VARCHAR COLLATE "C" NOT NULL, 
	count BIGINT NOT NULL, 
	last FLOAT, 
	minimum FLOAT, 
	maximum FLOAT, 
	source VARCHAR COLLATE "C" DEFAULT '' NOT NULL, 
	last_step BIGINT, 
	last_time BIGINT, 
	last_odd VARCHAR COLLATE "C", 
	PRIMARY KEY (id), 
	UNIQUE (run_key, name)
);
CREATE INDEX metric_series_by_last ON metric_series (name, kind, last, run_key);
CREATE TABLE model_aliases (
	registered_key BIGINT NOT NULL, 
	alias VARCHAR COLLATE "C" NOT NULL, 
	version BIGINT NOT NULL, 
	PRIMARY KEY (registered_key, alias)
);
CREATE INDEX model_aliases_of_version ON model_aliases (registered_key, version);
CREATE TABLE model_changes (
	key BIGSERIAL NOT NULL, 
	registered_key BIGINT NOT NULL, 
	version BIGINT, 
	time BIGINT NOT NULL, 
	actor VARCHAR COLLATE "C" NOT NULL, 
	action VARCHAR COLLATE "C" NOT NULL, 
	details TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (key)
);
CREATE INDEX model_changes_of_model ON model_changes (registered_key, key);
CREATE TABLE model_files (
	model_key BIGINT NOT NULL, 
	path VARCHAR COLLATE "C" NOT NULL, 
	digest VARCHAR COLLATE "C" NOT NULL, 
	size BIGINT NOT NULL, 
	executable SMALLINT NOT NULL, 
	PRIMARY KEY (model_key, path)
);
CREATE TABLE model_properties (
	model_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (model_key, name)
);
CREATE INDEX model_properties_by_number ON model_properties (name, number, model_key);
CREATE INDEX model_properties_by_value ON model_properties (name, left(value, 250), model_key);
CREATE TABLE model_tags (
	model_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (model_key, name)
);
CREATE INDEX model_tags_by_number ON model_tags (name, number, model_key);
CREATE INDEX model_tags_by_value ON model_tags (name, left(value, 250), model_key);
CREATE TABLE models (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	version BIGINT NOT NULL, 
	run VARCHAR COLLATE "C", 
	experiment VARCHAR COLLATE "C", 
	path VARCHAR COLLATE "C" NOT NULL, 
	size BIGINT NOT NULL, 
	file_count BIGINT NOT NULL, 
	description TEXT COLLATE "C" NOT NULL, 
	framework VARCHAR COLLATE "C" NOT NULL, 
	framework_version VARCHAR COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	cpus FLOAT, 
	memory_gb FLOAT, 
	gpus BIGINT, 
	stage VARCHAR COLLATE "C" DEFAULT 'None' NOT NULL, 
	changed_at BIGINT DEFAULT '0' NOT NULL, 
	created_by VARCHAR COLLATE "C" DEFAULT '' NOT NULL, 
	files_of BIGINT, 
	files_below VARCHAR COLLATE "C", 
	PRIMARY KEY (key), 
	UNIQUE (workspace, name, version)
);
CREATE INDEX models_by_files ON models (files_of, key);
CREATE INDEX models_of_run ON models (workspace, run, key);
CREATE INDEX models_of_stage ON models (workspace, name, stage, key);
CREATE INDEX models_of_workspace ON models (workspace, key);
CREATE TABLE nodes (
	workspace VARCHAR COLLATE "C" NOT NULL, 
	compute VARCHAR COLLATE "C" NOT NULL, 
	id VARCHAR COLLATE "C" NOT NULL, 
	state VARCHAR COLLATE "C" NOT NULL, 
	run VARCHAR COLLATE "C", 
	since BIGINT NOT NULL, 
	PRIMARY KEY (workspace, compute, id)
);
CREATE INDEX nodes_of_run ON nodes (workspace, run);
CREATE TABLE people (
	name VARCHAR COLLATE "C" NOT NULL, 
	role VARCHAR COLLATE "C" NOT NULL, 
	is_owner SMALLINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE registered_model_tags (
	registered_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (registered_key, name)
);
CREATE INDEX registered_model_tags_by_number ON registered_model_tags (name, number, registered_key);
CREATE INDEX registered_model_tags_by_value ON registered_model_tags (name, left(value, 250), registered_key);
CREATE TABLE registered_models (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	last_version BIGINT NOT NULL, 
	latest_key BIGINT, 
	description TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	created_by VARCHAR COLLATE "C" NOT NULL, 
	removed SMALLINT DEFAULT 0 NOT NULL, 
	PRIMARY KEY (key), 
	UNIQUE (workspace, name)
);
CREATE INDEX registered_models_by_change ON registered_models (workspace, changed_at, key);
CREATE TABLE replicas (
	run_key BIGINT NOT NULL, 
	deployment_key BIGINT NOT NULL, 
	revision BIGINT NOT NULL, 
	state VARCHAR COLLATE "C" NOT NULL, 
	since BIGINT NOT NULL, 
	restarts BIGINT NOT NULL, 
	reason TEXT COLLATE "C" NOT NULL, 
	gpus VARCHAR COLLATE "C" NOT NULL, 
	retired_at BIGINT, 
	PRIMARY KEY (run_key)
);
CREATE INDEX replicas_of_deployment ON replicas (deployment_key, run_key);
CREATE TABLE revisions (
	deployment_key BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	spec TEXT COLLATE "C" NOT NULL, 
	snapshot VARCHAR COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (deployment_key, number)
);
CREATE TABLE roles (
	person VARCHAR COLLATE "C" NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	role VARCHAR COLLATE "C" NOT NULL, 
	PRIMARY KEY (person, workspace)
);
CREATE INDEX roles_of_workspace ON roles (workspace, person);
CREATE TABLE run_files (
	run_key BIGINT NOT NULL, 
	path VARCHAR COLLATE "C" NOT NULL, 
	kind VARCHAR COLLATE "C" NOT NULL, 
	digest VARCHAR COLLATE "C", 
	size BIGINT NOT NULL, 
	executable SMALLINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (run_key, path)
);
CREATE TABLE run_inputs (
	run_key BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	kind VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	digest VARCHAR COLLATE "C" NOT NULL, 
	context VARCHAR COLLATE "C", 
	document TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (run_key, number)
);
CREATE INDEX run_inputs_by_name ON run_inputs (kind, name, run_key);
CREATE TABLE run_params (
	run_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (run_key, name)
);
CREATE INDEX run_params_by_number ON run_params (name, number, run_key);
CREATE INDEX run_params_by_value ON run_params (name, left(value, 250), run_key);
CREATE TABLE run_properties (
	run_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	number FLOAT, 
	PRIMARY KEY (run_key, name)
);
CREATE INDEX run_properties_by_number ON run_properties (name, number, run_key);
CREATE INDEX run_properties_by_value ON run_properties (name, left(value, 250), run_key);
CREATE TABLE run_specs (
	run_key BIGINT NOT NULL, 
	spec TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (run_key)
);
CREATE TABLE run_tags (
	run_key BIGINT NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C", 
	number FLOAT, 
	PRIMARY KEY (run_key, name)
);
CREATE INDEX run_tags_by_number ON run_tags (name, number, run_key);
CREATE INDEX run_tags_by_value ON run_tags (name, left(value, 250), run_key);
CREATE TABLE runs (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	id VARCHAR COLLATE "C" NOT NULL, 
	experiment VARCHAR COLLATE "C" NOT NULL, 
	number BIGINT NOT NULL, 
	status VARCHAR COLLATE "C" NOT NULL, 
	active SMALLINT NOT NULL, 
	run_type VARCHAR COLLATE "C", 
	name VARCHAR COLLATE "C", 
	target VARCHAR COLLATE "C" NOT NULL, 
	parent VARCHAR COLLATE "C", 
	snapshot VARCHAR COLLATE "C", 
	environment_lock VARCHAR COLLATE "C", 
	node_count BIGINT NOT NULL, 
	reason TEXT COLLATE "C", 
	error TEXT COLLATE "C", 
	warnings TEXT COLLATE "C" NOT NULL, 
	description TEXT COLLATE "C" NOT NULL, 
	submitted_by VARCHAR COLLATE "C" NOT NULL, 
	stage_seconds TEXT COLLATE "C" NOT NULL, 
	last_event BIGINT NOT NULL, 
	cancel_requested SMALLINT NOT NULL, 
	attempt BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	started_at BIGINT, 
	ended_at BIGINT, 
	submitted_from VARCHAR COLLATE "C", 
	deleted_at BIGINT, 
	PRIMARY KEY (key), 
	UNIQUE (workspace, id)
);
CREATE INDEX runs_active ON runs (active, key);
CREATE INDEX runs_by_active ON runs (workspace, active, key);
CREATE INDEX runs_by_attempt ON runs (workspace, attempt, key);
CREATE INDEX runs_by_created_at ON runs (workspace, created_at, key);
CREATE INDEX runs_by_description ON runs (workspace, left(description, 250), key);
CREATE INDEX runs_by_duration ON runs (workspace, ((ended_at - started_at) / 1000000.0::float8), key);
CREATE INDEX runs_by_ended_at ON runs (workspace, ended_at, key);
CREATE INDEX runs_by_name ON runs (workspace, name, key);
CREATE INDEX runs_by_nodes ON runs (workspace, node_count, key);
CREATE INDEX runs_by_number ON runs (workspace, number, key);
CREATE INDEX runs_by_snapshot ON runs (workspace, snapshot, key);
CREATE INDEX runs_by_started_at ON runs (workspace, started_at, key);
CREATE INDEX runs_by_target ON runs (workspace, target, key);
CREATE INDEX runs_by_type ON runs (workspace, run_type, key);
CREATE INDEX runs_by_user ON runs (workspace, submitted_by, key);
CREATE INDEX runs_deleted ON runs (workspace, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX runs_going ON runs (workspace, (0 - started_at), key) WHERE coalesce(ended_at, 0) = 0 AND coalesce(started_at, 0) > 0;
CREATE INDEX runs_of_experiment ON runs (workspace, experiment, key);
CREATE INDEX runs_of_experiment_by_created_at ON runs (workspace, experiment, created_at, key);
CREATE INDEX runs_of_experiment_by_duration ON runs (workspace, experiment, ((ended_at - started_at) / 1000000.0::float8), key);
CREATE INDEX runs_of_experiment_by_ended_at ON runs (workspace, experiment, ended_at, key);
CREATE INDEX runs_of_experiment_by_name ON runs (workspace, experiment, name, key);
CREATE INDEX runs_of_experiment_by_started_at ON runs (workspace, experiment, started_at, key);
CREATE INDEX runs_of_experiment_by_status ON runs (workspace, experiment, status, key);
CREATE INDEX runs_of_lock ON runs (workspace, environment_lock, key);
CREATE INDEX runs_of_parent ON runs (workspace, parent, key);
CREATE INDEX runs_of_status ON runs (workspace, status, key);
CREATE INDEX runs_of_target ON runs (workspace, target, active, key);
CREATE INDEX runs_of_workspace ON runs (workspace, key);
CREATE INDEX runs_submitted_from ON runs (workspace, submitted_from, key);
CREATE TABLE schema_version (
	version VARCHAR COLLATE "C" NOT NULL, 
	PRIMARY KEY (version)
);
CREATE TABLE snapshots (
	workspace VARCHAR COLLATE "C" NOT NULL, 
	id VARCHAR COLLATE "C" NOT NULL, 
	size BIGINT NOT NULL, 
	files TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, id)
);
CREATE TABLE spool_marks (
	run_key BIGINT NOT NULL, 
	writer VARCHAR COLLATE "C" NOT NULL, 
	lines BIGINT NOT NULL, 
	PRIMARY KEY (run_key, writer)
);
CREATE TABLE studio_sessions (
	id VARCHAR COLLATE "C" NOT NULL, 
	person VARCHAR COLLATE "C" NOT NULL, 
	client VARCHAR COLLATE "C" NOT NULL, 
	made_at BIGINT NOT NULL, 
	used_at BIGINT NOT NULL, 
	ends_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX ix_studio_sessions_ends_at ON studio_sessions (ends_at);
CREATE TABLE sweep_clients (
	sweep_key BIGINT NOT NULL, 
	client VARCHAR COLLATE "C" NOT NULL, 
	sequence BIGINT NOT NULL, 
	answer TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (sweep_key, client)
);
CREATE TABLE sweeps (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	id VARCHAR COLLATE "C" NOT NULL, 
	run_key BIGINT NOT NULL, 
	experiment VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C", 
	active SMALLINT NOT NULL, 
	closed SMALLINT NOT NULL, 
	paused SMALLINT NOT NULL, 
	spec TEXT COLLATE "C" NOT NULL, 
	max_trials BIGINT, 
	parallel BIGINT, 
	max_duration_seconds FLOAT, 
	space_size BIGINT, 
	queue TEXT COLLATE "C" NOT NULL, 
	taken BIGINT NOT NULL, 
	next_number BIGINT NOT NULL, 
	counts TEXT COLLATE "C" NOT NULL, 
	best BIGINT, 
	front TEXT COLLATE "C" NOT NULL, 
	reason TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	journal_key BIGINT, 
	study BIGINT, 
	PRIMARY KEY (key), 
	UNIQUE (workspace, id)
);
CREATE INDEX sweeps_active ON sweeps (active, key);
CREATE INDEX sweeps_of_experiment ON sweeps (workspace, experiment, key);
CREATE INDEX sweeps_of_journal ON sweeps (journal_key, study);
CREATE INDEX sweeps_of_workspace ON sweeps (workspace, key);
CREATE TABLE trash (
	key BIGSERIAL NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	kind VARCHAR COLLATE "C" NOT NULL, 
	subject VARCHAR COLLATE "C" NOT NULL, 
	state VARCHAR COLLATE "C" NOT NULL, 
	count BIGINT NOT NULL, 
	size BIGINT NOT NULL, 
	deleted_by VARCHAR COLLATE "C" NOT NULL, 
	deleted_at BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	details TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (key), 
	UNIQUE (workspace, kind, subject)
);
CREATE INDEX trash_due ON trash (until);
CREATE INDEX trash_of_workspace ON trash (workspace, key);
CREATE TABLE trial_values (
	sweep_key BIGINT NOT NULL, 
	first BIGINT NOT NULL, 
	count BIGINT NOT NULL, 
	payload BYTEA NOT NULL, 
	PRIMARY KEY (sweep_key, first)
);
CREATE TABLE trials (
	sweep_key BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	state VARCHAR COLLATE "C" NOT NULL, 
	params TEXT COLLATE "C" NOT NULL, 
	results TEXT COLLATE "C" NOT NULL, 
	best FLOAT, 
	last FLOAT, 
	position BIGINT, 
	run_key BIGINT, 
	client VARCHAR COLLATE "C", 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	verdict VARCHAR COLLATE "C", 
	reason TEXT COLLATE "C" NOT NULL, 
	from_trial BIGINT, 
	resumes VARCHAR COLLATE "C", 
	PRIMARY KEY (sweep_key, number)
);
CREATE TABLE user_tokens (
	id VARCHAR COLLATE "C" NOT NULL, 
	person VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	prefix VARCHAR COLLATE "C" NOT NULL, 
	digest VARCHAR COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	ends_at BIGINT NOT NULL, 
	used_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (person, name)
);
CREATE TABLE views (
	id VARCHAR COLLATE "C" NOT NULL, 
	workspace VARCHAR COLLATE "C" NOT NULL, 
	noun VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	settings TEXT COLLATE "C" NOT NULL, 
	owner VARCHAR COLLATE "C" NOT NULL, 
	made_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (workspace, noun, name)
);
CREATE TABLE workspaces (
	id VARCHAR COLLATE "C" NOT NULL, 
	name VARCHAR COLLATE "C" NOT NULL, 
	subscription_id VARCHAR COLLATE "C" NOT NULL, 
	resource_group VARCHAR COLLATE "C" NOT NULL, 
	location VARCHAR COLLATE "C" NOT NULL, 
	friendly_name VARCHAR COLLATE "C" NOT NULL, 
	sku VARCHAR COLLATE "C" NOT NULL, 
	default_datastore VARCHAR COLLATE "C" NOT NULL, 
	tags TEXT COLLATE "C" NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name, subscription_id, resource_group)
);
INSERT INTO schema_version (version) VALUES ('0010');
