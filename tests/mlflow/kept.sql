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
INSERT INTO "datasets" VALUES('d8243b7cc0524b9981fe66faf0809486',1,'mnist','0','local','{}',NULL,NULL);
INSERT INTO "datasets" VALUES('908bc41a53da44f28b52f1903ed89297',1,'mnist','1','local','{}',NULL,NULL);
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
INSERT INTO "experiments" VALUES(0,'Default','mlflow-artifacts:/0','active',1796035903907,1796035903907,'default');
INSERT INTO "experiments" VALUES(1,'kept: first','mlflow-artifacts:/1','active',1796035928183,1796035928183,'default');
INSERT INTO "experiments" VALUES(2,'emptied','mlflow-artifacts:/2','deleted',1796035928209,1796035928316,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('784d8f684cf44e4c8312a86230c736c5','mlflow.data.context','train');
INSERT INTO "input_tags" VALUES('94f34ce2f1234106910f4e4b5b1ca66a','mlflow.data.context','train');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('784d8f684cf44e4c8312a86230c736c5','DATASET','d8243b7cc0524b9981fe66faf0809486','RUN','804eb47b7b2f4ef3bbded7075542670a',0);
INSERT INTO "inputs" VALUES('94f34ce2f1234106910f4e4b5b1ca66a','DATASET','908bc41a53da44f28b52f1903ed89297','RUN','1c3e069597c94dbc8ad6ed5e47e6d568',0);
INSERT INTO "inputs" VALUES('d4915cc35a2c486fa8cae272447227cc','RUN_OUTPUT','804eb47b7b2f4ef3bbded7075542670a','MODEL_OUTPUT','m-6d159ed826d74027a70d4aaa11fe7358',3);
CREATE TABLE logged_model_metrics (
	model_id VARCHAR(36) NOT NULL, 
	metric_name VARCHAR(500) NOT NULL, 
	metric_timestamp_ms BIGINT NOT NULL, 
	metric_step BIGINT NOT NULL, 
	metric_value FLOAT, 
	experiment_id INTEGER NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	dataset_uuid VARCHAR(36), 
	dataset_name VARCHAR(500), 
	dataset_digest VARCHAR(36), 
	CONSTRAINT logged_model_metrics_pk PRIMARY KEY (model_id, metric_name, metric_timestamp_ms, metric_step, run_id), 
	CONSTRAINT fk_logged_model_metrics_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_metrics_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE, 
	CONSTRAINT fk_logged_model_metrics_run_id FOREIGN KEY(run_id) REFERENCES runs (run_uuid) ON DELETE CASCADE
);
INSERT INTO "logged_model_metrics" VALUES('m-6d159ed826d74027a70d4aaa11fe7358','accuracy',7,1,0.5,1,'804eb47b7b2f4ef3bbded7075542670a',NULL,NULL,NULL);
CREATE TABLE logged_model_params (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	param_key VARCHAR(255) NOT NULL, 
	param_value TEXT NOT NULL, 
	CONSTRAINT logged_model_params_pk PRIMARY KEY (model_id, param_key), 
	CONSTRAINT fk_logged_model_params_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_params_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO "logged_model_params" VALUES('m-6d159ed826d74027a70d4aaa11fe7358',1,'depth','3');
CREATE TABLE logged_model_tags (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	tag_key VARCHAR(255) NOT NULL, 
	tag_value TEXT NOT NULL, 
	CONSTRAINT logged_model_tags_pk PRIMARY KEY (model_id, tag_key), 
	CONSTRAINT fk_logged_model_tags_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_tags_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO "logged_model_tags" VALUES('m-6d159ed826d74027a70d4aaa11fe7358',1,'a','b');
INSERT INTO "logged_model_tags" VALUES('m-6d159ed826d74027a70d4aaa11fe7358',1,'mlflow.modelVersions','[{"name": "net", "version": 4}]');
CREATE TABLE logged_models (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	artifact_location VARCHAR(1000) NOT NULL, 
	creation_timestamp_ms BIGINT NOT NULL, 
	last_updated_timestamp_ms BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	lifecycle_stage VARCHAR(32), 
	model_type VARCHAR(500), 
	source_run_id VARCHAR(32), 
	status_message VARCHAR(1000), 
	CONSTRAINT logged_models_pk PRIMARY KEY (model_id), 
	CONSTRAINT logged_models_lifecycle_stage_check CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT fk_logged_models_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "logged_models" VALUES('m-6d159ed826d74027a70d4aaa11fe7358',1,'net','mlflow-artifacts:/1/models/m-6d159ed826d74027a70d4aaa11fe7358/artifacts',1796035929856,1796035930103,2,'active','agent','804eb47b7b2f4ef3bbded7075542670a',NULL);
INSERT INTO "logged_models" VALUES('m-29ddb77b101b44bbac0d6f908266bfce',1,'gone','mlflow-artifacts:/1/models/m-29ddb77b101b44bbac0d6f908266bfce/artifacts',1796035930444,1796035930481,1,'deleted','','',NULL);
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
INSERT INTO "metrics" VALUES('val/loss',0.0,1000,'804eb47b7b2f4ef3bbded7075542670a',0,0);
INSERT INTO "metrics" VALUES('val/loss',1.0,1001,'804eb47b7b2f4ef3bbded7075542670a',1,0);
INSERT INTO "metrics" VALUES('val/loss',2.0,1002,'804eb47b7b2f4ef3bbded7075542670a',2,0);
INSERT INTO "metrics" VALUES('val/loss',3.0,1003,'804eb47b7b2f4ef3bbded7075542670a',3,0);
INSERT INTO "metrics" VALUES('val/loss',4.0,1004,'804eb47b7b2f4ef3bbded7075542670a',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1,'804eb47b7b2f4ef3bbded7075542670a',0,1);
INSERT INTO "metrics" VALUES('val/loss',0.5,1000,'1c3e069597c94dbc8ad6ed5e47e6d568',0,0);
INSERT INTO "metrics" VALUES('val/loss',1.5,1001,'1c3e069597c94dbc8ad6ed5e47e6d568',1,0);
INSERT INTO "metrics" VALUES('val/loss',2.5,1002,'1c3e069597c94dbc8ad6ed5e47e6d568',2,0);
INSERT INTO "metrics" VALUES('val/loss',3.5,1003,'1c3e069597c94dbc8ad6ed5e47e6d568',3,0);
INSERT INTO "metrics" VALUES('val/loss',4.5,1004,'1c3e069597c94dbc8ad6ed5e47e6d568',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1,'1c3e069597c94dbc8ad6ed5e47e6d568',0,1);
INSERT INTO "metrics" VALUES('accuracy',0.5,7,'804eb47b7b2f4ef3bbded7075542670a',1,0);
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
INSERT INTO "model_versions" VALUES('net',1,1796035929604,1796035929740,'d',NULL,'Archived','mlflow-artifacts:/1/804eb47b7b2f4ef3bbded7075542670a/artifacts/model','804eb47b7b2f4ef3bbded7075542670a','READY',NULL,'','mlflow-artifacts:/1/804eb47b7b2f4ef3bbded7075542670a/artifacts/model','default');
INSERT INTO "model_versions" VALUES('net',2,1796035929648,1796035929710,NULL,NULL,'Deleted_Internal','REDACTED-SOURCE-PATH','REDACTED-RUN-ID','READY',NULL,'REDACTED-RUN-LINK','mlflow-artifacts:/1/804eb47b7b2f4ef3bbded7075542670a/artifacts/model','default');
INSERT INTO "model_versions" VALUES('net',3,1796035929677,1796035929677,'d',NULL,'None','mlflow-artifacts:/1/804eb47b7b2f4ef3bbded7075542670a/artifacts/model','804eb47b7b2f4ef3bbded7075542670a','READY',NULL,'','mlflow-artifacts:/1/804eb47b7b2f4ef3bbded7075542670a/artifacts/model','default');
INSERT INTO "model_versions" VALUES('ada''s second net',1,1796035929827,1796035929827,'',NULL,'None','mlflow-artifacts:/1/1c3e069597c94dbc8ad6ed5e47e6d568/artifacts/model','1c3e069597c94dbc8ad6ed5e47e6d568','READY',NULL,'','mlflow-artifacts:/1/1c3e069597c94dbc8ad6ed5e47e6d568/artifacts/model','default');
INSERT INTO "model_versions" VALUES('net',4,1796035930316,1796035930316,'',NULL,'None','models:/m-6d159ed826d74027a70d4aaa11fe7358','804eb47b7b2f4ef3bbded7075542670a','READY',NULL,'','mlflow-artifacts:/1/models/m-6d159ed826d74027a70d4aaa11fe7358/artifacts','default');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.0','804eb47b7b2f4ef3bbded7075542670a');
INSERT INTO "params" VALUES('lr','0.1','1c3e069597c94dbc8ad6ed5e47e6d568');
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
INSERT INTO "registered_models" VALUES('net',1796035929523,1796035930316,'what for','default');
INSERT INTO "registered_models" VALUES('ada''s second net',1796035929788,1796035929827,'','default');
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
INSERT INTO "runs" VALUES('804eb47b7b2f4ef3bbded7075542670a','run 0','UNKNOWN','','','ada','FINISHED',1600000000000,1600000010000,'','active','mlflow-artifacts:/1/804eb47b7b2f4ef3bbded7075542670a/artifacts',1,NULL);
INSERT INTO "runs" VALUES('1c3e069597c94dbc8ad6ed5e47e6d568','run 1','UNKNOWN','','','ada','FAILED',1600000000001,1600000010000,'','active','mlflow-artifacts:/1/1c3e069597c94dbc8ad6ed5e47e6d568/artifacts',1,NULL);
INSERT INTO "runs" VALUES('43294bcbb9434af8890c93c3a5a44d14','gone','UNKNOWN','','','unknown','RUNNING',1796035929430,NULL,'','deleted','mlflow-artifacts:/1/43294bcbb9434af8890c93c3a5a44d14/artifacts',1,1796035929466);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','ada','804eb47b7b2f4ef3bbded7075542670a');
INSERT INTO "tags" VALUES('number','0','804eb47b7b2f4ef3bbded7075542670a');
INSERT INTO "tags" VALUES('mlflow.runName','run 0','804eb47b7b2f4ef3bbded7075542670a');
INSERT INTO "tags" VALUES('mlflow.user','ada','1c3e069597c94dbc8ad6ed5e47e6d568');
INSERT INTO "tags" VALUES('number','1','1c3e069597c94dbc8ad6ed5e47e6d568');
INSERT INTO "tags" VALUES('mlflow.runName','run 1','1c3e069597c94dbc8ad6ed5e47e6d568');
INSERT INTO "tags" VALUES('mlflow.runName','gone','43294bcbb9434af8890c93c3a5a44d14');
