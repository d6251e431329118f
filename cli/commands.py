"""The commands of `tailrace`: one module each; this one only brings them together."""

import typer

from cli.clear import clear
from cli.cost import cost
from cli.dev import dev
from cli.history import history
from cli.invoke import invoke
from cli.keys import keys
from cli.list_workflows import list_workflows
from cli.new import new
from cli.tail import tail
from cli.token import token

app = typer.Typer(
    name="tailrace",
    help="Server-sent events from workflows: nothing lost, nothing twice, nothing out of order.",
    epilog="Example: tailrace dev",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command(epilog="Example: tailrace dev --port 9000")(dev)
app.command(epilog="Example: tailrace new p_parcels")(new)
app.command("list", epilog="Example: tailrace list")(list_workflows)
app.command(epilog="""Example: tailrace invoke p_hello --data '{"name": "Luke"}'""")(invoke)
app.command(epilog="Example: tailrace history p_hello --after 0-0 --limit 1000 --json")(history)
app.command(epilog="Example: tailrace clear p_hello --yes")(clear)
app.add_typer(keys, name="keys")
app.command(epilog="Example: tailrace tail p_hello --channel events --replay 10")(tail)
app.command(epilog="Example: tailrace cost --events 10M --clients 50")(cost)
app.command(epilog="Example: tailrace token p_hello --ttl 1h --channel events")(token)
