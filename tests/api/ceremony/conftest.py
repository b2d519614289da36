"""A ceremony of few people: a plan, answers, and a request of an authority below the root."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.subject_input import read_subject
from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner, sign_message, sm3
from formats.gbt20518 import assemble_request, request_info, to_pem

PEOPLE = {
    "leader": "李明",
    "witnesses": ["王芳"],
    "administrators": ["zhang", "li"],
    "operators": ["wu"],
    "auditors": ["zheng"],
    "custodians": ["chen", "liu", "sun"],
}
POLICY = {"control": "dual", "secret_iterations": 1000, "password_iterations": 1000}


@dataclass
class Stage:
    """Files of a ceremony."""

    folder: Path
    plan: dict[str, Any]
    answers: dict[str, Any]

    @property
    def artefacts(self) -> Path:
        return self.folder / "artefacts"

    def write(self) -> list[str]:
        """Write plan and answers; the arguments that name them."""
        for name, content in (("plan.json", self.plan), ("answers.json", self.answers)):
            path = self.folder / name
            path.touch(mode=0o600)
            path.write_text(json.dumps(content, ensure_ascii=False, indent=1))
        return [
            str(self.folder / "plan.json"),
            "--artefacts",
            str(self.artefacts),
            "--answers",
            str(self.folder / "answers.json"),
        ]

    @property
    def places(self) -> list[str]:
        return ["--store", str(self.folder / "store"), "--directory", str(self.folder / "root")]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A root with one authority below it, under dual control, shares 2 of 3."""
    signer = SoftwareSigner(PrivateKey.generate())
    info = request_info(read_subject("C=CN, O=示例局, CN=示例签发机构"), signer.public_key)
    request = to_pem(
        assemble_request(info, sign_message(signer, info, user_id=DEFAULT_USER_ID)), "CERTIFICATE REQUEST"
    ).encode()
    (tmp_path / "issuing.csr").write_bytes(request)
    plan = {
        "schema": "xinyin.ceremony-plan/1",
        "title": "示例根仪式",
        "people": dict(PEOPLE),
        "threshold": 2,
        "policy": dict(POLICY),
        "authority": {
            "key_index": 1,
            "label": "root 2026",
            "subject": "C=CN, O=示例局, CN=示例根",
            "days": 3650,
            "crl_days": 180,
            "crl_uris": ["http://crl.example.cn/root.crl"],
            "issue": [
                {
                    "name": "issuing",
                    "request": "issuing.csr",
                    "request_digest": sm3(request).hex(),
                    "profile": "issuing-ca",
                    "days": 1825,
                }
            ],
        },
    }
    secrets = {f"administrator {name}": f"secret of {name}" for name in PEOPLE["administrators"]}
    secrets |= {"operator wu": "secret of wu", "auditor zheng": "secret of zheng", "root-key": "pin of the root"}
    secrets |= {f"custodian {name}": f"passphrase of {name}" for name in PEOPLE["custodians"]}
    steps = ["plan", "checks", "initialise", "root-key", "root-certificate", "issue-issuing", "digests"]
    return Stage(tmp_path, plan, {"schema": "xinyin.ceremony-answers/1", "confirm": steps, "secrets": secrets})
