"""How a client proves who it is: EAP, MS-CHAPv2, MS-CHAP, CHAP, PAP, each as its authenticator."""
