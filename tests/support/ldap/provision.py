# Provisions a Samba domain in a folder: provision.py <folder> <address> <ldif>. What `samba-tool domain provision` does,
# but for the access lists of a file share that no test has; and the LDIF is added in one transaction.
import logging
import os
import sys

import samba.param
from samba import ldb
from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.provision import provision

folder, address, ldif = sys.argv[1:4]
os.makedirs(os.path.join(folder, "etc"), exist_ok=True)
logger = logging.getLogger("provision")
logger.addHandler(logging.StreamHandler(sys.stderr))
logger.setLevel(logging.WARNING)
lp = samba.param.LoadParm()
lp.set("interfaces", address + "/8")
lp.set("bind interfaces only", "yes")
conf = os.path.join(folder, "etc", "smb.conf")
result = provision(logger, system_session(), smbconf=conf, targetdir=folder, realm="EXAMPLE.TEST", domain="EXAMPLE",
                   adminpass="Passw0rd.Admin", hostname="dc1", hostip=address, serverrole="dc", dns_backend="NONE",
                   dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2, useeadb=True, skip_sysvolacl=True, lp=lp)
samdb = result.samdb
samdb.transaction_start()
with open(ldif, encoding="utf-8") as records:
    for _, message in samdb.parse_ldif(records.read()):
        samdb.add(ldb.Message.from_dict(samdb, {"dn": str(message.dn), **{
            name: [bytes(value) for value in message[name]] for name in message if name != "dn"}}))
samdb.transaction_commit()

at = os.path.join
with open(conf, encoding="utf-8") as file:
    lines = [line for line in file if "server services" not in line and "log file" not in line]
extra = ["server services = ldap", "log file = " + at(folder, "log.%m"), "pid directory = " + folder,
         "ncalrpc dir = " + at(folder, "ncalrpc"), "winbindd socket directory = " + at(folder, "winbindd"),
         "ntp signd socket directory = " + at(folder, "ntp"), "dcerpc endpoint servers = ",
         "tls certfile = " + at(folder, "cert.pem"), "tls keyfile = " + at(folder, "key.pem"),
         "tls cafile = " + at(folder, "ca.pem")]
with open(conf, "w", encoding="utf-8") as file:
    for line in lines:
        file.write(line)
        if line.strip() == "[global]":
            file.writelines("\t" + one + "\n" for one in extra)
