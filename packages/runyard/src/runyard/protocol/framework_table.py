"""The frameworks' versions as data: one row per version, read by `frameworks`.

    framework | version | Pythons | packages | for GPUs | Horovod | as of | source

Pythons     the minors that it has builds for; `any` lets the service choose
packages    pip requirements for machines without a GPU; `=1.13` stands for that row's, with a
            warning, and `@name` for pins that `frameworks` spells out
for GPUs    the name in place of the first package's there; `-` where it is the same
Horovod     the version that was seen to work with it; the recipe is `runtime.recipes`
as of       what its other packages are of: about two months after the version came out; `-` is now
source      `v1` its own pins, `run` trained here, `index` what the package index has builds for
"""

TABLE = """
TensorFlow|1.10|3.5-3.6|=1.13|-|-|-|v1
TensorFlow|1.11|3.5-3.6|=1.13|-|-|-|v1
TensorFlow|1.12|3.5-3.6|=1.13|-|-|-|v1
TensorFlow|1.13|3.5-3.7|tensorflow==1.13.1 @old|tensorflow-gpu|0.16.4|2019-04-27|run
TensorFlow|1.14|3.5-3.7|tensorflow==1.14.0 @old|tensorflow-gpu|0.16.4|2019-08-18|index
TensorFlow|1.15|3.6-3.7|tensorflow==1.15.5 protobuf<3.21|tensorflow-gpu|0.19.5|2019-12-15|run
TensorFlow|2.0|3.6-3.7|tensorflow==2.0.4 protobuf<3.21|tensorflow-gpu|0.28.1|2019-11-29|run
TensorFlow|2.1|3.6-3.7|tensorflow-cpu==2.1.4 protobuf<3.21|tensorflow-gpu|0.28.1|2020-03-08|index
TensorFlow|2.2|3.6-3.8|tensorflow-cpu==2.2.3 protobuf<3.21|tensorflow-gpu|0.28.1|2020-07-06|index
TensorFlow|2.3|3.6-3.8|tensorflow-cpu==2.3.4 protobuf<3.21|tensorflow-gpu|0.28.1|2020-09-25|run
TensorFlow|2.4|3.6-3.8|tensorflow-cpu==2.4.4|tensorflow-gpu|0.28.1|2021-02-12|index
TensorFlow|2.5|3.7-3.9|tensorflow-cpu==2.5.3|tensorflow-gpu|0.28.1|2021-07-12|index
TensorFlow|2.6|3.7-3.9|tensorflow-cpu==2.6.5|tensorflow-gpu|0.28.1|2021-10-10|index
TensorFlow|2.7|3.7-3.9|tensorflow-cpu==2.7.4|tensorflow-gpu|0.28.1|2022-01-03|index
TensorFlow|2.8|3.7-3.10|tensorflow-cpu==2.8.4|tensorflow-gpu|0.28.1|2022-04-03|index
TensorFlow|2.9|3.7-3.10|tensorflow-cpu==2.9.3|tensorflow-gpu|0.28.1|2022-07-15|index
TensorFlow|2.10|3.7-3.10|tensorflow-cpu==2.10.1|tensorflow-gpu|0.28.1|2022-11-05|index
TensorFlow|2.11|3.7-3.10|tensorflow-cpu==2.11.0|tensorflow-gpu|0.28.1|2023-01-17|run
TensorFlow|2.12|3.8-3.11|tensorflow-cpu==2.12.1|tensorflow|0.28.1|2023-05-21|run
TensorFlow|2.13|3.8-3.11|tensorflow-cpu==2.13.1|tensorflow|0.28.1|2023-09-03|index
TensorFlow|2.14|3.9-3.11|tensorflow-cpu==2.14.1|tensorflow|0.28.1|2023-11-25|index
TensorFlow|2.15|3.9-3.11|tensorflow-cpu==2.15.1|tensorflow[and-cuda]|0.28.1|2024-01-13|run
TensorFlow|2.16|3.9-3.12|tensorflow-cpu==2.16.2|tensorflow[and-cuda]|0.28.1|2024-05-08|index
TensorFlow|2.17|3.9-3.12|tensorflow-cpu==2.17.1|tensorflow[and-cuda]|0.28.1|2024-09-09|index
TensorFlow|2.18|3.9-3.12|tensorflow-cpu==2.18.1|tensorflow[and-cuda]|0.28.1|2024-12-24|index
TensorFlow|2.19|3.9-3.12|tensorflow-cpu==2.19.1|tensorflow[and-cuda]|0.28.1|2025-05-11|index
TensorFlow|2.20|3.9-3.13|tensorflow-cpu==2.20.0|tensorflow[and-cuda]|0.28.1|2025-10-12|index
TensorFlow|2.21|3.10-3.13|tensorflow-cpu==2.21.0 @board|tensorflow[and-cuda]|0.28.1|-|run
PyTorch|1.0|3.5-3.7|torch==1.0.1 torchvision==0.2.1 pillow<7 @tools|-|0.19.5|2019-02-05|v1
PyTorch|1.1|3.5-3.7|torch==1.1.0 torchvision==0.3.0 pillow<7 @tools|-|0.19.5|2019-06-29|v1
PyTorch|1.2|3.5-3.7|torch==1.2.0 torchvision==0.4.0 pillow<7 @tools|-|0.19.5|2019-10-07|v1
PyTorch|1.3|3.5-3.7|torch==1.3.1 torchvision==0.4.2 pillow<7 @tools|-|0.19.5|2019-12-09|v1
PyTorch|1.4|3.5-3.8|torch==1.4.0 torchvision==0.5.0 @tools|-|0.19.5|2020-03-15|v1
PyTorch|1.5|3.5-3.8|torch==1.5.1 torchvision==0.6.1 @tools|-|0.19.5|2020-06-20|v1
PyTorch|1.6|3.6-3.8|torch==1.6.0 torchvision==0.7.0 @tools|-|0.28.1|2020-09-26|v1
PyTorch|1.7|3.6-3.9|torch==1.7.1 torchvision==0.8.2 numpy<2|-|0.28.1|2020-12-26|index
PyTorch|1.8|3.6-3.9|torch==1.8.1 torchvision==0.9.1 numpy<2|-|0.28.1|2021-05-03|index
PyTorch|1.9|3.6-3.9|torch==1.9.1 torchvision==0.10.1 numpy<2|-|0.28.1|2021-08-14|index
PyTorch|1.10|3.7-3.9|torch==1.10.2 torchvision==0.11.3 numpy<2|-|0.28.1|2021-12-20|index
PyTorch|1.11|3.7-3.10|torch==1.11.0 torchvision==0.12.0 numpy<2|-|0.28.1|2022-05-09|index
PyTorch|1.12|3.7-3.10|torch==1.12.1 torchvision==0.13.1 numpy<2|-|0.28.1|2022-08-27|index
PyTorch|1.13|3.7-3.10|torch==1.13.1 torchvision==0.14.1 numpy<2|-|0.28.1|2022-12-27|index
PyTorch|2.0|3.8-3.11|torch==2.0.1 torchvision==0.15.2 numpy<2|-|0.28.1|2023-05-14|index
PyTorch|2.1|3.8-3.11|torch==2.1.2 torchvision==0.16.2 numpy<2|-|0.28.1|2023-12-03|index
PyTorch|2.2|3.8-3.12|torch==2.2.2 torchvision==0.17.2 numpy<2|-|0.28.1|2024-03-30|index
PyTorch|2.3|3.8-3.12|torch==2.3.1 torchvision==0.18.1|-|0.28.1|2024-06-23|index
PyTorch|2.4|3.8-3.12|torch==2.4.1 torchvision==0.19.1|-|0.28.1|2024-09-22|index
PyTorch|2.5|3.9-3.12|torch==2.5.1 torchvision==0.20.1|-|0.28.1|2024-12-16|index
PyTorch|2.6|3.9-3.13|torch==2.6.0 torchvision==0.21.0|-|0.28.1|2025-03-30|index
PyTorch|2.7|3.9-3.13|torch==2.7.1 torchvision==0.22.1|-|0.28.1|2025-06-22|index
PyTorch|2.8|3.9-3.13|torch==2.8.0 torchvision==0.23.0|-|0.28.1|2025-10-05|index
PyTorch|2.9|3.10-3.14|torch==2.9.1 torchvision==0.24.1|-|0.28.1|2025-12-14|index
PyTorch|2.10|3.10-3.14|torch==2.10.0 torchvision==0.25.0|-|0.28.1|2026-03-22|index
PyTorch|2.11|3.10-3.14|torch==2.11.0 torchvision==0.26.0|-|0.28.1|2026-05-22|index
PyTorch|2.12|3.10-3.14|torch==2.12.1 torchvision==0.27.1|-|0.28.1|2026-07-12|index
PyTorch|2.13|3.10-3.14|torch==2.13.0 torchvision==0.28.0|-|0.28.1|2026-09-06|index
PyTorch|2.14|3.10-3.14|torch==2.14.1 torchvision>=0.29|-|0.28.1|2026-11-01|index
PyTorch|2.15|3.11-3.15|torch==2.15.0 torchvision>=0.29|-|0.28.1|-|index
PyTorch|newest|any|torch torchvision|-|0.28.1|-|index
Chainer|5.0.0|3.5-3.7|chainer==5.0.0 numpy<1.17 protobuf<3.21|-|-|2018-12-24|index
Chainer|5.1.0|3.5-3.7|chainer==5.1.0 numpy<1.17 protobuf<3.21|-|-|2019-02-01|v1
Chainer|5.4.0|3.5-3.7|chainer==5.4.0 numpy<1.17 protobuf<3.21|-|-|2019-06-03|index
Chainer|6.7.0|3.5-3.7|chainer==6.7.0 numpy<1.17 protobuf<3.21|-|-|2020-03-16|index
Chainer|7.0.0|3.5-3.7|chainer==7.0.0 numpy<1.17 protobuf<3.21|-|-|2020-02-03|v1
Chainer|7.8.1|3.5-3.7|chainer==7.8.1 numpy<1.17 protobuf<3.21|-|-|2022-03-06|index
SKLearn|0.18|3.4-3.6|=0.20.3|-|-|-|index
SKLearn|0.19|3.4-3.6|=0.20.3|-|-|-|index
SKLearn|0.20.3|3.4-3.7|scikit-learn==0.20.3 @sklearn|-|-|2019-04-30|v1
SKLearn|0.21|3.5-3.7|scikit-learn==0.21.3 joblib|-|-|2019-07-09|index
SKLearn|0.22|3.5-3.8|scikit-learn==0.22.2.post1 joblib|-|-|2020-02-01|index
SKLearn|0.23|3.6-3.8|scikit-learn==0.23.2 joblib|-|-|2020-07-11|index
SKLearn|0.24|3.6-3.9|scikit-learn==0.24.2 joblib|-|-|2021-02-20|index
SKLearn|1.0|3.7-3.10|scikit-learn==1.0.2 joblib|-|-|2021-11-23|index
SKLearn|1.1|3.8-3.11|scikit-learn==1.1.3 joblib|-|-|2022-07-11|index
SKLearn|1.2|3.8-3.11|scikit-learn==1.2.2 joblib|-|-|2023-02-06|index
SKLearn|1.3|3.8-3.12|scikit-learn==1.3.2 joblib|-|-|2023-08-29|index
SKLearn|1.4|3.9-3.12|scikit-learn==1.4.2 joblib|-|-|2024-03-18|index
SKLearn|1.5|3.9-3.13|scikit-learn==1.5.2 joblib|-|-|2024-07-20|index
SKLearn|1.6|3.9-3.13|scikit-learn==1.6.1 joblib|-|-|2025-02-07|index
SKLearn|1.7|3.10-3.14|scikit-learn==1.7.2 joblib|-|-|2025-08-04|index
SKLearn|1.8|3.11-3.14|scikit-learn==1.8.0 joblib|-|-|2026-02-08|index
SKLearn|1.9|3.11-3.15|scikit-learn==1.9.1 joblib|-|-|-|index
SKLearn|newest|any|scikit-learn joblib|-|-|-|index
XGBoost|0.90|3.5-3.7|xgboost==0.90 scikit-learn|-|-|2019-07-19|index
XGBoost|1.0|3.5-3.8|xgboost==1.0.2 scikit-learn|-|-|2020-04-20|index
XGBoost|1.1|3.5-3.8|xgboost==1.1.1 scikit-learn|-|-|2020-07-16|index
XGBoost|1.2|3.6-3.8|xgboost==1.2.1 scikit-learn|-|-|2020-10-22|index
XGBoost|1.3|3.6-3.9|xgboost==1.3.3 scikit-learn|-|-|2021-02-07|index
XGBoost|1.4|3.6-3.9|xgboost==1.4.2 scikit-learn|-|-|2021-06-11|index
XGBoost|1.5|3.6-3.10|xgboost==1.5.2 scikit-learn|-|-|2021-12-16|index
XGBoost|1.6|3.7-3.10|xgboost==1.6.2 scikit-learn|-|-|2022-06-15|index
XGBoost|1.7|3.8-3.11|xgboost==1.7.6 scikit-learn|-|-|2023-01-02|index
XGBoost|2.0|3.8-3.12|xgboost==2.0.3 scikit-learn|-|-|2023-11-11|index
XGBoost|2.1|3.8-3.13|xgboost==2.1.4 scikit-learn|-|-|2024-08-19|index
XGBoost|3.0|3.10-3.13|xgboost==3.0.5 scikit-learn|-|-|2025-05-14|index
XGBoost|3.1|3.10-3.14|xgboost==3.1.3 scikit-learn|-|-|2025-12-16|index
XGBoost|3.2|3.10-3.14|xgboost==3.2.0 scikit-learn|-|-|2026-04-11|index
XGBoost|3.3|3.12-3.14|xgboost==3.3.0 scikit-learn|-|-|2026-08-16|index
XGBoost|3.4|3.12-3.14|xgboost==3.4.1 scikit-learn|-|-|-|index
XGBoost|newest|any|xgboost scikit-learn|-|-|-|index
JAX|0.4|3.10-3.13|jax==0.4.38|jax[cuda12]|-|2025-02-15|index
JAX|0.5|3.10-3.13|jax==0.5.3|jax[cuda12]|-|2025-05-18|index
JAX|0.6|3.10-3.13|jax==0.6.2|jax[cuda12]|-|2025-08-16|index
JAX|0.7|3.11-3.14|jax==0.7.2|jax[cuda12]|-|2025-11-15|index
JAX|0.8|3.11-3.14|jax==0.8.3|jax[cuda12]|-|2026-03-30|index
JAX|0.9|3.11-3.14|jax==0.9.2|jax[cuda12]|-|2026-05-17|index
JAX|0.10|3.11-3.14|jax==0.10.2|jax[cuda12]|-|2026-08-16|index
JAX|0.11|3.12-3.15|jax==0.11.2|jax[cuda12]|-|2026-11-16|index
JAX|0.12|3.12-3.15|jax==0.12.0.1|jax[cuda12]|-|-|index
JAX|newest|any|jax|jax[cuda12]|-|-|index
Keras|3.0|3.9-3.12|tensorflow-cpu>=2.16 keras==3.0.5|tensorflow[and-cuda]|-|2024-05-08|index
Keras|3.1|3.9-3.12|tensorflow-cpu>=2.16 keras==3.1.1|tensorflow[and-cuda]|-|2024-05-08|index
Keras|3.2|3.9-3.12|tensorflow-cpu>=2.16 keras==3.2.1|tensorflow[and-cuda]|-|2024-06-07|index
Keras|3.3|3.9-3.12|tensorflow-cpu>=2.16 keras==3.3.3|tensorflow[and-cuda]|-|2024-06-21|index
Keras|3.4|3.9-3.12|tensorflow-cpu>=2.16 keras==3.4.1|tensorflow[and-cuda]|-|2024-08-24|index
Keras|3.5|3.9-3.12|tensorflow-cpu>=2.16 keras==3.5.0|tensorflow[and-cuda]|-|2024-10-11|index
Keras|3.6|3.9-3.12|tensorflow-cpu>=2.16 keras==3.6.0|tensorflow[and-cuda]|-|2024-12-02|index
Keras|3.7|3.9-3.12|tensorflow-cpu>=2.16 keras==3.7.0|tensorflow[and-cuda]|-|2025-01-25|index
Keras|3.8|3.9-3.12|tensorflow-cpu>=2.16 keras==3.8.0|tensorflow[and-cuda]|-|2025-03-08|index
Keras|3.9|3.9-3.12|tensorflow-cpu>=2.16 keras==3.9.2|tensorflow[and-cuda]|-|2025-05-03|index
Keras|3.10|3.9-3.12|tensorflow-cpu>=2.16 keras==3.10.0|tensorflow[and-cuda]|-|2025-07-18|index
Keras|3.11|3.10-3.13|tensorflow-cpu>=2.16 keras==3.11.3|tensorflow[and-cuda]|-|2025-09-28|index
Keras|3.12|3.10-3.13|tensorflow-cpu>=2.16 keras==3.12.4|tensorflow[and-cuda]|-|2025-12-26|index
Keras|3.13|3.11-3.13|tensorflow-cpu>=2.16 keras==3.13.2|tensorflow[and-cuda]|-|2026-02-15|index
Keras|3.14|3.11-3.13|tensorflow-cpu>=2.16 keras==3.14.1|tensorflow[and-cuda]|-|2026-06-02|index
Keras|3.15|3.11-3.13|tensorflow-cpu>=2.16 keras==3.15.1|tensorflow[and-cuda]|-|-|index
Keras|newest|any|tensorflow-cpu keras|tensorflow[and-cuda]|-|-|index
"""
