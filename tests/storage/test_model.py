"""The model that other stores are compared with holds the contract that it can hold."""

from __future__ import annotations

import pytest

from sphinxcontrib_websupport.testing.editing import OriginContract
from sphinxcontrib_websupport.testing.model import ModelStorage
from sphinxcontrib_websupport.testing.retirement import RetirementContract


class TestModelStorage(RetirementContract, OriginContract):
    @pytest.fixture
    def storage(self) -> ModelStorage:
        return ModelStorage()
