"""The two scrape configurations that we ship, with their addresses filled in: tests and ./dev up use
the very files that users copy."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


MONITORING = "\n  # What watches everything else is watched, too"


def shipped(name, agents, rules, scrape="1s", evaluation="1s", alertmanager=None, prometheus=None):
    """deploy/<name> for `agents` [(host:port, node), ...]; one block of jobs per agent, as a user with
    several nodes writes it. Without an Alertmanager none is told; without the address of Prometheus
    itself neither watches the other. `scrape=None` leaves all intervals as they are shipped."""
    text = (ROOT / "deploy" / name).read_text()
    head, body = text.split("scrape_configs:\n", 1)
    body, monitoring = body.split(MONITORING, 1)
    head = head.replace("- rules/", f"- {rules}/rules/")
    if scrape:
        head = (head.replace("scrape_interval: 10s", f"scrape_interval: {scrape}")
                .replace("scrape_timeout: 5s", f"scrape_timeout: {scrape}")
                .replace("evaluation_interval: 10s", f"evaluation_interval: {evaluation}"))
        body = body.replace("refresh_interval: 30s", "refresh_interval: 1s")
    if alertmanager:
        head = head.replace("127.0.0.1:9093", alertmanager)
    else:
        head = head.split("# Where alerts go", 1)[0]
    blocks = []
    for index, (address, node) in enumerate(agents):
        block = body.replace("127.0.0.1:9777", address).replace("db-1", node)
        if index:  # job_name has to be unique; the series' job comes from the labels
            block = block.replace("job_name: basewatch-instances",
                                  f"job_name: basewatch-instances-{index}")
            block = block.replace("job_name: basewatch\n", f"job_name: basewatch-{index}\n")
            block = block.replace("labels: {node:", "labels: {job: basewatch, node:")
        blocks.append(block)
    if prometheus:
        blocks.append((MONITORING + monitoring).replace("127.0.0.1:9090", prometheus)
                      .replace("127.0.0.1:9093", alertmanager).replace("db-1", agents[0][1]))
    return head + "scrape_configs:\n" + "".join(blocks)
