"""boto3 reaches emulated AWS and nothing else, whatever the machine is set up for."""

from cli.local_aws import local_environment

URL = "http://127.0.0.1:8702"


def test_credentials_profiles_and_endpoints_of_the_user_stay_outside() -> None:
    users = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_ENDPOINT_URL_DYNAMODB": "https://elsewhere",
        "PATH": "/bin",
        "TAILRACE_LOG_LEVEL": "DEBUG",
    }

    environment = local_environment(users, endpoint_url=URL)

    assert environment["AWS_ENDPOINT_URL"] == URL
    assert environment["AWS_ACCESS_KEY_ID"] == "local"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_DYNAMODB"} & set(environment)
    assert (environment["PATH"], environment["TAILRACE_LOG_LEVEL"]) == ("/bin", "DEBUG")


def test_proxy_is_not_asked_for_this_machine() -> None:
    environment = local_environment({"HTTP_PROXY": "http://proxy", "no_proxy": "intranet"}, endpoint_url=URL)

    assert environment["no_proxy"] == environment["NO_PROXY"] == "intranet,127.0.0.1,localhost"
