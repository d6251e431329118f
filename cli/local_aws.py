"""The environment in which boto3 talks to emulated AWS and to nothing else, whatever the machine is set up for."""

from collections.abc import Mapping

REGION = "us-east-1"

_NOWHERE = "/dev/null"
_OURS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    # A profile, a session token or a service's own endpoint in the user's files must not come in between.
    "AWS_CONFIG_FILE": _NOWHERE,
    "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
}
_LOCAL_HOSTS = "127.0.0.1,localhost"


def local_environment(environment: Mapping[str, str], *, endpoint_url: str) -> dict[str, str]:
    """An environment like the given one, with every AWS client on `endpoint_url`, and no proxy before this machine."""
    others = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    no_proxy = ",".join(filter(None, [others.get("no_proxy") or others.get("NO_PROXY"), _LOCAL_HOSTS]))
    return others | _OURS | {"AWS_ENDPOINT_URL": endpoint_url, "NO_PROXY": no_proxy, "no_proxy": no_proxy}
