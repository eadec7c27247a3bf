"""The methods there are, strongest first."""

from l2tpsec.protocols.ppp.authentication.chap import CHAP
from l2tpsec.protocols.ppp.authentication.eap import EAP
from l2tpsec.protocols.ppp.authentication.mschap import MSCHAP
from l2tpsec.protocols.ppp.authentication.mschapv2 import MSCHAPV2
from l2tpsec.protocols.ppp.authentication.pap import PAP

METHODS = (EAP, MSCHAPV2, MSCHAP, CHAP, PAP)
BY_NAME = {method.name: method for method in METHODS}
BY_OPTION = {method.option: method for method in METHODS}
