"""A list of packages without versions is of the day that its script was written for."""

from __future__ import annotations

import pytest

from runyard.protocol.environments import BY_SCRIPT, EnvironmentDefinition
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.environments import Environment
from runyard.sdk.v1.script_dates import dated
from runyard.sdk.v1.scripts import ScriptRunConfig

JOBLIB = "from sklearn.externals import joblib\n"


def day(folder, script, **given: object):
    (folder / "train.py").write_text(script)
    return dated(EnvironmentDefinition(**given), str(folder), "train.py").as_of


def test_a_run_of_a_script_of_2019_gets_packages_of_its_day(folder, experiment):
    """`conda_packages=['scikit-learn']` beside what 0.23 took away is how v1's samples are."""
    (folder / "train.py").write_text(JOBLIB)
    environment = Environment("mine")
    environment.python.conda_dependencies = CondaDependencies.create(
        conda_packages=["scikit-learn"]
    )
    config = ScriptRunConfig(str(folder), "train.py", environment=environment)
    with pytest.warns(UserWarning, match=r"which went with scikit-learn 0\.23") as told:
        made = config._submission(experiment).spec.environment
    assert (made.as_of, made.as_of_from) == (
        "2020-05-01",
        f"{BY_SCRIPT}sklearn.externals.joblib",
    )
    assert told[0].filename == __file__
    # It is of this script: the next one that is submitted with it may be of another day.
    assert environment.as_of is None


@pytest.mark.filterwarnings("ignore:train.py uses")
@pytest.mark.parametrize(
    ("script", "package", "as_of"),
    [
        ("import sklearn.externals.joblib as j", "scikit-learn", "2020-05-01"),
        ("import sklearn.tree\nx = sklearn.cross_validation.KFold", "scikit-learn", "2018-09-01"),
        ("import numpy as np\nif True:\n    x = np.float(1)", "pandas", "2022-12-01"),
        ("import tensorflow as tf\ndef f():\n    return tf.contrib.a.b()", "tensorflow-gpu",
         "2019-09-01"),
        (f"import numpy as np\nnp.int\n{JOBLIB}", "scikit-learn", "2020-05-01"),
    ],
)  # fmt: skip
def test_what_a_script_cannot_do_without_tells_its_day(folder, script, package, as_of):
    """Modules, attributes of modules, and what is below them; the oldest counts."""
    assert day(folder, script, pip=[package]) == as_of


@pytest.mark.parametrize(
    ("script", "given"),
    [
        ("import joblib", {"conda": ["scikit-learn"]}),
        (f"try:\n    {JOBLIB}except ImportError:\n    import joblib", {"pip": ["scikit-learn"]}),
        (f"if Version(sklearnver) < Version('0.23'):\n    {JOBLIB}", {"pip": ["scikit-learn"]}),
        ("import numpy as np\nif hasattr(np, 'int'):\n    np.int", {"pip": ["numpy"]}),
        ("import numpy as np\nx = np.zeros(3, np.bool)", {"pip": ["numpy"]}),
        ("import tensorflow.compat.v1 as tf\ntf.Session", {"pip": ["tensorflow"]}),
        (JOBLIB, {"conda": ["scikit-learn=0.20.3"]}),
        (JOBLIB, {"pip": ["scikit-learn"], "python": "3.11"}),
        (JOBLIB, {"pip": ["pandas"]}),
        (JOBLIB, {"user_managed": True, "pip": ["scikit-learn"]}),
        ("print 'of Python 2'", {"pip": ["scikit-learn"]}),
        ("x = '\\d'", {"pip": ["scikit-learn"]}),
    ],
)
def test_what_tells_no_day_leaves_the_list_alone(folder, script, given):
    """Who looks first, uses what came back, or names a version or a new Python means today's."""
    assert day(folder, script, **given) == ""


def test_the_users_day_stays_and_modules_beside_the_script_count(folder):
    """v1's samples have their code in a second file as often as in the script."""
    (folder / "utils.py").write_text(JOBLIB)
    script = "from utils import load"
    with pytest.warns(UserWarning, match=r"train\.py uses sklearn\.externals"):
        assert day(folder, script, pip=["scikit-learn"]) == "2020-05-01"
    assert day(folder, script, pip=["scikit-learn"], as_of="now") == "now"


def test_scripts_get_what_v1_brought_along(folder, experiment):
    """`azureml-defaults` had pandas and others with it; what lies beside the script is its own."""
    (folder / "train.py").write_text("import helper, six\nfrom requests import get\n")
    (folder / "helper.py").write_text(
        "import pandas as pd\ntry:\n    import dill\nfinally:\n    0\n"
    )
    (folder / "six.py").write_text("")
    config = ScriptRunConfig(str(folder), "train.py", environment=Environment("mine"))

    def pip():
        return config._submission(experiment).spec.environment.pip

    assert pip() == ["dill", "pandas", "requests"]
    packages = CondaDependencies.create(pip_packages=["pandas==1.5.3", "azureml-defaults"])
    config.run_config.environment.python.conda_dependencies = packages
    assert pip() == ["pandas==1.5.3", "dill", "requests"]
    # Pandas has it.
    (folder / "helper.py").write_text("import numpy, dateutil")
    assert pip() == ["pandas==1.5.3", "requests"]
    packages.remove_pip_package("azureml-defaults")
    assert pip() == ["pandas==1.5.3"]
