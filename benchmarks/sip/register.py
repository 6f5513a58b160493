#!/usr/bin/env python3
"""CPU time per authenticated registration (REGISTER, 401, REGISTER, 200): Kamailio's registrar in memory against ours,
whose bindings are durable, under the same sipp load in the same run.

    benchmarks/sip/register.py [--bin build/release/bin] [--registrations 30000] [--rate 1500] [--rounds 2]

Two rounds by default: the first makes bindings, the further ones refresh them. The servers take turns, so that what
else runs on the machine meets both."""
import argparse, os, socket, subprocess, sys, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def family(root):
    """The process and its descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()
                parents.setdefault(int(fields[1]), []).append(int(entry))
            except OSError:
                pass
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += parents.get(pid, [])
    return found


def cpu_seconds(root):
    total = 0.0
    for pid in family(root):
        for task in Path("/proc", str(pid), "task").iterdir():
            total += int((task / "schedstat").read_text().split()[0]) / 1e9
    return total


def load(port, users, args):
    command = ["sipp", f"127.0.0.1:{port}", "-sf", str(HERE / "register.xml"), "-inf", str(users), "-i", "127.0.0.1",
               "-p", str(args.phones), "-m", str(args.registrations), "-r", str(args.rate), "-l", "20000",
               "-nostdin", "-timeout", "300", "-trace_err", "-error_file", str(users.parent / "sipp.err")]
    started = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"sipp ended with {done.returncode}: not every registration succeeded")
    return args.registrations / (time.monotonic() - started)


def measure(name, pid, port, users, args):
    before = cpu_seconds(pid)
    rate = load(port, users, args)
    micros = (cpu_seconds(pid) - before) / args.registrations * 1e6
    print(f"  {name:<28}{micros:8.1f} µs CPU a registration  at {rate:7.0f}/s", flush=True)
    return micros


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--registrations", type=int, default=30000)
    parser.add_argument("--rate", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    args.phones = free_port()  # the same in every round: a phone that changes its port has moved
    with tempfile.TemporaryDirectory() as folder:
        users = Path(folder, "users.csv")
        users.write_text("SEQUENTIAL\n" + "".join(
            f"{100000 + i};{0x001565000000 + i:012x};[authentication username={100000 + i} password=secret]\n" for i in range(args.registrations)))
        kamailio_port = free_port()
        kamailio = subprocess.Popen(
            ["kamailio", "-DD", "-f", str(HERE / "kamailio.cfg"), "-l", f"udp:127.0.0.1:{kamailio_port}", "-m", "512",
             "-M", "32", "-Y", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ours = subprocess.Popen([str(Path(args.bin, "bench_sip_server")), str(Path(folder, "log"))],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            our_port = int(ours.stdout.readline())
            time.sleep(2)  # Kamailio says nowhere that it is ready
            if kamailio.poll() is not None:
                sys.exit("kamailio did not start")
            peer, own = [], []
            for turn in range(args.rounds):
                print("first registrations" if turn == 0 else "refreshes", flush=True)
                peer.append(measure("kamailio, in memory", kamailio.pid, kamailio_port, users, args))
                own.append(measure("strowger, durable", ours.pid, our_port, users, args))
                print(f"  {'ratio':<28}{own[-1] / peer[-1]:8.2f}x  (aim 0.8, at most 1.0)", flush=True)
            print(f"{'all':<30}{sum(own) / sum(peer):8.2f}x")
            ours.stdin.close()
            print("strowger:", ours.stdout.readline().strip())
        finally:
            for process in (kamailio, ours):
                if process.poll() is None:
                    process.terminate()
                    process.wait(20)


if __name__ == "__main__":
    main()
