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
INSERT INTO "datasets" VALUES('0e90ee3f6bcb4c519f6a6b7c8211c827',1,'mnist','0','local','{}',NULL,NULL);
INSERT INTO "datasets" VALUES('d366f705e0874895b97f5f0bd770fbf0',1,'mnist','1','local','{}',NULL,NULL);
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
INSERT INTO "experiments" VALUES(0,'Default','mlflow-artifacts:/0','active',1795978690667,1795978690667,'default');
INSERT INTO "experiments" VALUES(1,'kept: first','mlflow-artifacts:/1','active',1795978726284,1795978726284,'default');
INSERT INTO "experiments" VALUES(2,'emptied','mlflow-artifacts:/2','deleted',1795978726383,1795978726524,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('5a01364c69054bbdadff8ec7dd0550d6','mlflow.data.context','train');
INSERT INTO "input_tags" VALUES('cc25f0ee04c041d9bd9664d2b27be79a','mlflow.data.context','train');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('5a01364c69054bbdadff8ec7dd0550d6','DATASET','0e90ee3f6bcb4c519f6a6b7c8211c827','RUN','0e3c7500971a48b0ad2ff2c8e3609460',0);
INSERT INTO "inputs" VALUES('cc25f0ee04c041d9bd9664d2b27be79a','DATASET','d366f705e0874895b97f5f0bd770fbf0','RUN','19771cd7685c4a1c90b75645987a9db3',0);
INSERT INTO "inputs" VALUES('3f3d8fa0042245ec888ea651232bd0c8','RUN_OUTPUT','0e3c7500971a48b0ad2ff2c8e3609460','MODEL_OUTPUT','m-2356d1a0cf934c22aeed97e4cf564df8',3);
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
INSERT INTO "logged_model_metrics" VALUES('m-2356d1a0cf934c22aeed97e4cf564df8','accuracy',7,1,0.5,1,'0e3c7500971a48b0ad2ff2c8e3609460',NULL,NULL,NULL);
CREATE TABLE logged_model_params (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	param_key VARCHAR(255) NOT NULL, 
	param_value TEXT NOT NULL, 
	CONSTRAINT logged_model_params_pk PRIMARY KEY (model_id, param_key), 
	CONSTRAINT fk_logged_model_params_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_params_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO "logged_model_params" VALUES('m-2356d1a0cf934c22aeed97e4cf564df8',1,'depth','3');
CREATE TABLE logged_model_tags (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	tag_key VARCHAR(255) NOT NULL, 
	tag_value TEXT NOT NULL, 
	CONSTRAINT logged_model_tags_pk PRIMARY KEY (model_id, tag_key), 
	CONSTRAINT fk_logged_model_tags_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_tags_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO "logged_model_tags" VALUES('m-2356d1a0cf934c22aeed97e4cf564df8',1,'a','b');
INSERT INTO "logged_model_tags" VALUES('m-2356d1a0cf934c22aeed97e4cf564df8',1,'mlflow.modelVersions','[{"name": "net", "version": 4}]');
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
INSERT INTO "logged_models" VALUES('m-2356d1a0cf934c22aeed97e4cf564df8',1,'net','mlflow-artifacts:/1/models/m-2356d1a0cf934c22aeed97e4cf564df8/artifacts',1795978733816,1795978734434,2,'active','agent','0e3c7500971a48b0ad2ff2c8e3609460',NULL);
INSERT INTO "logged_models" VALUES('m-fdc34f05f2774e3eb10b0f7f401c87fe',1,'gone','mlflow-artifacts:/1/models/m-fdc34f05f2774e3eb10b0f7f401c87fe/artifacts',1795978734830,1795978734933,1,'deleted','','',NULL);
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
INSERT INTO "metrics" VALUES('val/loss',0.0,1000,'0e3c7500971a48b0ad2ff2c8e3609460',0,0);
INSERT INTO "metrics" VALUES('val/loss',1.0,1001,'0e3c7500971a48b0ad2ff2c8e3609460',1,0);
INSERT INTO "metrics" VALUES('val/loss',2.0,1002,'0e3c7500971a48b0ad2ff2c8e3609460',2,0);
INSERT INTO "metrics" VALUES('val/loss',3.0,1003,'0e3c7500971a48b0ad2ff2c8e3609460',3,0);
INSERT INTO "metrics" VALUES('val/loss',4.0,1004,'0e3c7500971a48b0ad2ff2c8e3609460',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1,'0e3c7500971a48b0ad2ff2c8e3609460',0,1);
INSERT INTO "metrics" VALUES('val/loss',0.5,1000,'19771cd7685c4a1c90b75645987a9db3',0,0);
INSERT INTO "metrics" VALUES('val/loss',1.5,1001,'19771cd7685c4a1c90b75645987a9db3',1,0);
INSERT INTO "metrics" VALUES('val/loss',2.5,1002,'19771cd7685c4a1c90b75645987a9db3',2,0);
INSERT INTO "metrics" VALUES('val/loss',3.5,1003,'19771cd7685c4a1c90b75645987a9db3',3,0);
INSERT INTO "metrics" VALUES('val/loss',4.5,1004,'19771cd7685c4a1c90b75645987a9db3',4,0);
INSERT INTO "metrics" VALUES('odd',0.0,1,'19771cd7685c4a1c90b75645987a9db3',0,1);
INSERT INTO "metrics" VALUES('accuracy',0.5,7,'0e3c7500971a48b0ad2ff2c8e3609460',1,0);
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
INSERT INTO "model_versions" VALUES('net',1,1795978732167,1795978733449,'d',NULL,'Archived','mlflow-artifacts:/1/0e3c7500971a48b0ad2ff2c8e3609460/artifacts/model','0e3c7500971a48b0ad2ff2c8e3609460','READY',NULL,'','mlflow-artifacts:/1/0e3c7500971a48b0ad2ff2c8e3609460/artifacts/model','default');
INSERT INTO "model_versions" VALUES('net',2,1795978732494,1795978733216,NULL,NULL,'Deleted_Internal','REDACTED-SOURCE-PATH','REDACTED-RUN-ID','READY',NULL,'REDACTED-RUN-LINK','mlflow-artifacts:/1/0e3c7500971a48b0ad2ff2c8e3609460/artifacts/model','default');
INSERT INTO "model_versions" VALUES('net',3,1795978732911,1795978732911,'d',NULL,'None','mlflow-artifacts:/1/0e3c7500971a48b0ad2ff2c8e3609460/artifacts/model','0e3c7500971a48b0ad2ff2c8e3609460','READY',NULL,'','mlflow-artifacts:/1/0e3c7500971a48b0ad2ff2c8e3609460/artifacts/model','default');
INSERT INTO "model_versions" VALUES('net',4,1795978734684,1795978734684,'',NULL,'None','models:/m-2356d1a0cf934c22aeed97e4cf564df8','0e3c7500971a48b0ad2ff2c8e3609460','READY',NULL,'','mlflow-artifacts:/1/models/m-2356d1a0cf934c22aeed97e4cf564df8/artifacts','default');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.0','0e3c7500971a48b0ad2ff2c8e3609460');
INSERT INTO "params" VALUES('lr','0.1','19771cd7685c4a1c90b75645987a9db3');
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
INSERT INTO "registered_models" VALUES('net',1795978731861,1795978734684,'what for','default');
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
INSERT INTO "runs" VALUES('0e3c7500971a48b0ad2ff2c8e3609460','run 0','UNKNOWN','','','ada','FINISHED',1600000000000,1600000010000,'','active','mlflow-artifacts:/1/0e3c7500971a48b0ad2ff2c8e3609460/artifacts',1,NULL);
INSERT INTO "runs" VALUES('19771cd7685c4a1c90b75645987a9db3','run 1','UNKNOWN','','','ada','FAILED',1600000000001,1600000010000,'','active','mlflow-artifacts:/1/19771cd7685c4a1c90b75645987a9db3/artifacts',1,NULL);
INSERT INTO "runs" VALUES('5d2da3e42ff84436a0cc6e5e98617ad8','gone','UNKNOWN','','','unknown','RUNNING',1795978731403,NULL,'','deleted','mlflow-artifacts:/1/5d2da3e42ff84436a0cc6e5e98617ad8/artifacts',1,1795978731614);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','ada','0e3c7500971a48b0ad2ff2c8e3609460');
INSERT INTO "tags" VALUES('number','0','0e3c7500971a48b0ad2ff2c8e3609460');
INSERT INTO "tags" VALUES('mlflow.runName','run 0','0e3c7500971a48b0ad2ff2c8e3609460');
INSERT INTO "tags" VALUES('mlflow.user','ada','19771cd7685c4a1c90b75645987a9db3');
INSERT INTO "tags" VALUES('number','1','19771cd7685c4a1c90b75645987a9db3');
INSERT INTO "tags" VALUES('mlflow.runName','run 1','19771cd7685c4a1c90b75645987a9db3');
INSERT INTO "tags" VALUES('mlflow.runName','gone','5d2da3e42ff84436a0cc6e5e98617ad8');
