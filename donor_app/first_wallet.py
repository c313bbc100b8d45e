"""The third step: where the money goes, what fees need, and how the key is kept safe."""

from typing import Final

from core.view import DonorView, spare
from donor_app.first_step import Copyable, Explained, Step
from donor_app.theme import Ink
from donor_app.words import say

BACKUP: Final = "sparecloud wallet export wallet-backup.json"


class WalletStep(Step):
    """The address, to be copied; the native coin it holds; the command that backs up its key."""

    def __init__(self) -> None:
        super().__init__(say("Your wallet"))
        self._address = Copyable(say("Your address"))
        self._native = Ink(wraps=True)
        earned = Explained(
            say("Where the money goes"),
            say("Renters pay into escrow; what you earned is paid to this address, which is yours alone."),
        )
        earned.body.addWidget(self._address)
        fees = Explained(
            say("Fees"),
            say("Collecting what you earned costs a small fee in the chain's own coin. Send a little to the address."),
        )
        fees.body.addWidget(self._native)
        safe = Explained(
            say("Back it up"),
            say(
                "The key to this money is kept on this machine only. Type this into a terminal, choose a passphrase,"
                " and keep the file somewhere else:"
            ),
        )
        command = Copyable(say("The command that backs up the key"))
        command.draw(BACKUP)
        safe.body.addWidget(command)
        for card in (earned, fees, safe):
            self.column.addWidget(card)
        self.column.addStretch(1)
        self.setFocusProxy(self._address.copy)

    def draw(self, view: DonorView) -> None:
        """Show the wallet of `view`."""
        self._address.draw(view.address)
        if view.balances is None:
            self._native.setText(say("What the wallet holds has not been read yet."))
        elif view.balances.native:
            held = spare(view.balances.native, "").strip()
            self._native.setText(say("It holds {amount} of the chain's own coin.", amount=held))
        else:
            self._native.setText(say("It holds none of the chain's own coin yet. Sharing can start without."))
