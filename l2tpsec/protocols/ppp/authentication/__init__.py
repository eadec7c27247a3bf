"""How a client proves who it is: PAP, CHAP, MS-CHAP, MS-CHAPv2, each as the authenticator's end."""
