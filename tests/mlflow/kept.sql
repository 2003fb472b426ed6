CREATE TABLE "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "datasets" VALUES('bf26cdd58c5544f5b2e0453f9704ef83',1,'mnist','0','local','{}',NULL,NULL);
INSERT INTO "datasets" VALUES('47cd642ebdb54311baa100845fc7b565',1,'mnist','1','local','{}',NULL,NULL);
CREATE TABLE "experiment_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
INSERT INTO "experiment_tags" VALUES('team','vision',1);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES(0,'Default','mlflow-artifacts:/0','active',1795969595967,1795969595967,'default');
INSERT INTO "experiments" VALUES(1,'kept: first','mlflow-artifacts:/1','active',1795969609440,1795969609440,'default');
INSERT INTO "experiments" VALUES(2,'emptied','mlflow-artifacts:/2','deleted',1795969609457,1795969609489,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('d80b679c7c724e3ca868e4f38562fe58','mlflow.data.context','train');
INSERT INTO "input_tags" VALUES('8bd72c6c5d664fc78c1c55669c780f0f','mlflow.data.context','train');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('d80b679c7c724e3ca868e4f38562fe58','DATASET','bf26cdd58c5544f5b2e0453f9704ef83','RUN','c6340084c09d45fd8def9da4886f9315',0);
INSERT INTO "inputs" VALUES('8bd72c6c5d664fc78c1c55669c780f0f','DATASET','47cd642ebdb54311baa100845fc7b565','RUN','939997cef8424e0992854c157256840e',0);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('val/loss',0.0,1000,'c6340084c09d45fd8def9da4886f9315',0,0);
INSERT INTO "metrics" VALUES('val/loss',1.0,1001,'c6340084c09d45fd8def9da4886f9315',1,0);
INSERT INTO "metrics" VALUES('val/loss',2.0,1002,'c6340084c09d45fd8def9da4886f9315',2,0);
INSERT INTO "metrics" VALUES('val/loss',3.0,1003,'c6340084c09d45fd8def9da4886f9315',3,0);
INSERT INTO "metrics" VALUES('val/loss',4.0,1004,'c6340084c09d45fd8def9da4886f9315',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1,'c6340084c09d45fd8def9da4886f9315',0,1);
INSERT INTO "metrics" VALUES('val/loss',0.5,1000,'939997cef8424e0992854c157256840e',0,0);
INSERT INTO "metrics" VALUES('val/loss',1.5,1001,'939997cef8424e0992854c157256840e',1,0);
INSERT INTO "metrics" VALUES('val/loss',2.5,1002,'939997cef8424e0992854c157256840e',2,0);
INSERT INTO "metrics" VALUES('val/loss',3.5,1003,'939997cef8424e0992854c157256840e',3,0);
INSERT INTO "metrics" VALUES('val/loss',4.5,1004,'939997cef8424e0992854c157256840e',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1,'939997cef8424e0992854c157256840e',0,1);
CREATE TABLE "model_version_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY (workspace, "key", name, version), 
	CONSTRAINT fk_model_version_tags_model_versions FOREIGN KEY(workspace, name, version) REFERENCES model_versions (workspace, name, version) ON UPDATE CASCADE
);
INSERT INTO "model_version_tags" VALUES('n','0','net',1,'default');
INSERT INTO "model_version_tags" VALUES('n','1','net',2,'default');
INSERT INTO "model_version_tags" VALUES('n','2','net',3,'default');
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), 
	storage_location VARCHAR(500), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT fk_model_versions_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('net',1,1795969610649,1795969610989,'d',NULL,'Archived','mlflow-artifacts:/1/c6340084c09d45fd8def9da4886f9315/artifacts/model','c6340084c09d45fd8def9da4886f9315','READY',NULL,'','mlflow-artifacts:/1/c6340084c09d45fd8def9da4886f9315/artifacts/model','default');
INSERT INTO "model_versions" VALUES('net',2,1795969610729,1795969610918,NULL,NULL,'Deleted_Internal','REDACTED-SOURCE-PATH','REDACTED-RUN-ID','READY',NULL,'REDACTED-RUN-LINK','mlflow-artifacts:/1/c6340084c09d45fd8def9da4886f9315/artifacts/model','default');
INSERT INTO "model_versions" VALUES('net',3,1795969610841,1795969610841,'d',NULL,'None','mlflow-artifacts:/1/c6340084c09d45fd8def9da4886f9315/artifacts/model','c6340084c09d45fd8def9da4886f9315','READY',NULL,'','mlflow-artifacts:/1/c6340084c09d45fd8def9da4886f9315/artifacts/model','default');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.0','c6340084c09d45fd8def9da4886f9315');
INSERT INTO "params" VALUES('lr','0.1','939997cef8424e0992854c157256840e');
CREATE TABLE "registered_model_aliases" (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (workspace, name, alias), 
	CONSTRAINT fk_registered_model_aliases_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "registered_model_aliases" VALUES('best',3,'net','default');
CREATE TABLE "registered_model_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_tag_pk PRIMARY KEY (workspace, "key", name), 
	CONSTRAINT fk_registered_model_tags_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "registered_model_tags" VALUES('a','b','net','default');
CREATE TABLE "registered_models" (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name)
);
INSERT INTO "registered_models" VALUES('net',1795969610539,1795969610989,'what for','default');
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('c6340084c09d45fd8def9da4886f9315','run 0','UNKNOWN','','','ada','FINISHED',1600000000000,1600000010000,'','active','mlflow-artifacts:/1/c6340084c09d45fd8def9da4886f9315/artifacts',1,NULL);
INSERT INTO "runs" VALUES('939997cef8424e0992854c157256840e','run 1','UNKNOWN','','','ada','FAILED',1600000000001,1600000010000,'','active','mlflow-artifacts:/1/939997cef8424e0992854c157256840e/artifacts',1,NULL);
INSERT INTO "runs" VALUES('0ac3b614d35f4ff489d97e361cc5de78','gone','UNKNOWN','','','unknown','RUNNING',1795969610434,NULL,'','deleted','mlflow-artifacts:/1/0ac3b614d35f4ff489d97e361cc5de78/artifacts',1,1795969610467);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','ada','c6340084c09d45fd8def9da4886f9315');
INSERT INTO "tags" VALUES('number','0','c6340084c09d45fd8def9da4886f9315');
INSERT INTO "tags" VALUES('mlflow.runName','run 0','c6340084c09d45fd8def9da4886f9315');
INSERT INTO "tags" VALUES('mlflow.user','ada','939997cef8424e0992854c157256840e');
INSERT INTO "tags" VALUES('number','1','939997cef8424e0992854c157256840e');
INSERT INTO "tags" VALUES('mlflow.runName','run 1','939997cef8424e0992854c157256840e');
INSERT INTO "tags" VALUES('mlflow.runName','gone','0ac3b614d35f4ff489d97e361cc5de78');
