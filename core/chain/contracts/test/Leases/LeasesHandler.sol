// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Coin} from "../../Coin.sol";
import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {Leases} from "../../Leases.sol";
import {LeasesFixture, Signing} from "./LeasesFixture.sol";

/// @title LeasesHandler
/// @notice Five people, the trials, the court and nobody use one deployment, rightly and wrongly, and books are kept of
/// what came of it. The books say what should be; the invariants compare it with what is. Judges are honest: they
/// unreserve and seize no more than they reserved, restore what they seized, and never charge what was burned.
contract LeasesHandler is Signing {
    /// @notice What an account should hold.
    struct Book {
        uint256 free;
        uint256 bonded;
        uint256 reserved;
        uint256 thawing;
        uint256 thawsFrom;
        uint256 since;
    }

    /// @notice A lease that was opened, and what was seen of it.
    struct Deal {
        ILeases.Terms terms;
        bytes32 id;
        uint256 sessionKey;
        bool quoted;
        uint256 openedAt;
        uint256 closedAt;
        uint256 sweptAt;
        uint256 paidAt;
        uint256 remaining;
        ILeases.Status status;
    }

    /// @notice A share of such a lease.
    struct Part {
        ILeases.Share share;
        uint256 signed;
        uint256 paid;
        uint256 seenPaid;
        uint256 retiredAt;
        address acceptedBy;
        uint256 acceptedUntil;
        uint256 frees;
        uint256 restores;
        uint256 seized;
        uint256 seizedMost;
        address seizedBy;
    }

    struct Place {
        uint256 deal;
        uint256 part;
        uint128 amount;
    }

    uint256 private constant MOST_DEALS = 9;
    uint256 private constant PEOPLE = 5;

    Leases private immutable leases;
    Coin private immutable coin;
    address private immutable trials;
    address private immutable court;
    uint32 private immutable longestLeaseS;
    uint32 private immutable longestGraceS;
    uint32 private immutable trialWindowS;
    uint32 private immutable holdPeriodS;

    address[] private _accounts;
    uint256[] private _keys;
    Deal[] private _deals;
    mapping(uint256 deal => Part[]) private _parts;
    mapping(address owner => Book) private _books;
    mapping(address judge => mapping(address owner => uint256)) private _seats;
    Place[] private _seized;
    Place[] private _pending;
    address private _signer;
    uint256 private _chance;

    mapping(string action => uint256) public times;
    mapping(address owner => uint256) public earned;
    mapping(address owner => uint256) public refunded;
    mapping(address owner => uint256) public rate;
    uint256 public strays;
    uint256 public burned;
    uint256 public paidOut;
    uint256 public arrivedFree;
    uint256 public arrivedBonded;
    uint256 public heldBack;
    uint256 public shortestWait = type(uint256).max;
    uint256 public rises;
    uint256 public illegalMoves;
    uint256 public usurpations;
    uint256 public foreignCloses;
    uint256 public foreignRetirements;
    uint256 public foreignSeizures;
    uint256 public lateSeizures;
    uint256 public earlyReleases;

    /// @dev Draws from `seed` in the action, and looks at what may only go one way afterwards.
    modifier drawn(uint256 seed) {
        _chance = seed;
        _;
        for (uint256 i = 0; i < _deals.length; ++i) {
            _watchStatus(_deals[i]);
        }
        for (uint256 i = 0; i < PEOPLE; ++i) {
            address owner = _accounts[i];
            uint256 current = leases.heldBack(owner, 4);
            bool convictedNow = _books[owner].since == block.timestamp;
            if (current > rate[owner] && !convictedNow) ++rises;
            rate[owner] = current;
        }
    }

    constructor(Leases leases_, Coin coin_) {
        leases = leases_;
        coin = coin_;
        trials = leases_.trials();
        court = leases_.court();
        IVault.Periods memory periods = leases_.periods();
        longestLeaseS = periods.longestLeaseS;
        longestGraceS = periods.longestGraceS;
        trialWindowS = periods.trialWindowS;
        holdPeriodS = periods.holdPeriodS;
        string[PEOPLE] memory names = ["Ada", "Bob", "Cleo", "Dora", "Emil"];
        for (uint256 i = 0; i < PEOPLE; ++i) {
            (address who, uint256 key) = account(names[i]);
            _accounts.push(who);
            _keys.push(key);
            rate[who] = 3;
        }
        _accounts.push(trials);
        _accounts.push(court);
        _accounts.push(address(0));
    }

    /// @notice Gives everyone something to begin with; the handler must hold coin.
    function begin() external {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            address who = _accounts[i];
            _pay(who, 25_000, false);
            if (_called(who, abi.encodeCall(IVault.bond, (5_000)))) _moves(who, 5_000);
        }
        for (uint256 i = 0; i < 4; ++i) {
            _chance = i;
            _open(i % 2 == 0);
        }
    }

    function pay(uint256 seed) external drawn(seed) {
        uint256 amount = _draw(2_000);
        if (_draw(4) != 0) {
            _pay(_person(), amount, _draw(2) == 0);
            return;
        }
        coin.transfer(address(leases), amount);
        strays += amount;
    }

    function move(uint256 seed) external drawn(seed) {
        address who = _draw(3) == 0 ? _judge() : _person();
        uint256 free = leases.accountOf(who).free;
        // Now and then more than there is.
        uint256 amount = _draw(10) == 0 ? free + 1 + _draw(5) : _draw(free + 1) / (1 + _draw(8));
        uint256 way = _draw(3);
        if (way == 0) _withdraw(who, amount);
        else if (way == 1) _give(who, amount);
        else if (_called(who, abi.encodeCall(IVault.bond, (amount)))) _count("bond", _moves(who, amount));
    }

    function thaw(uint256 seed) external drawn(seed) {
        address who = _person();
        uint256 amount = _draw(leases.accountOf(who).bonded + 2);
        if (!_called(who, abi.encodeCall(IVault.thaw, (amount)))) return;
        Book storage book = _books[who];
        book.bonded -= amount;
        book.thawing += amount;
        book.thawsFrom = block.timestamp;
        _count("thaw", true);
    }

    function collect(uint256 seed) external drawn(seed) {
        address who = _thawing();
        if (!_called(who, abi.encodeCall(IVault.collect, ()))) return;
        Book storage book = _books[who];
        uint256 wait = block.timestamp - book.thawsFrom;
        if (book.thawing != 0 && wait < shortestWait) shortestWait = wait;
        _count("collect", book.thawing != 0);
        book.free += book.thawing;
        book.thawing = 0;
    }

    function judge(uint256 seed) external drawn(seed) {
        address by = _draw(8) == 0 ? _person() : _judge();
        address who = _person();
        uint256 way = _draw(5);
        if (way == 2 || way == 3) (by, who) = _seated(by, who);
        if (way == 0) _charge(by, who);
        else if (way == 1) _reserve(by, who);
        else if (way == 2) _unreserve(by, who);
        else if (way == 3) _seizeReserved(by, who);
        else _convict(by, who);
    }

    function open(uint256 seed) external drawn(seed) {
        _open(false);
    }

    function openQuoted(uint256 seed) external drawn(seed) {
        _open(true);
    }

    function reopen(uint256 seed) external drawn(seed) {
        Deal storage deal = _deals[_draw(_deals.length)];
        // Were it to work, the lease's status would say so.
        _called(deal.terms.renter, abi.encodeCall(ILeases.open, (deal.terms)));
        _count("reopen, in vain", deal.sweptAt != 0);
    }

    function claim(uint256 seed) external drawn(seed) {
        delete _pending;
        bytes[] memory calls = new bytes[](1 + _draw(2));
        for (uint256 i = 0; i < calls.length; ++i) {
            calls[i] = _claims(_running());
        }
        (uint256[] memory free, uint256[] memory bonded) = _holdings();

        address by = _accounts[_draw(PEOPLE + 2)];
        bool done = calls.length == 1 ? _called(by, calls[0]) : _called(by, abi.encodeCall(leases.multicall, (calls)));

        if (!done) return;
        _arrivals(free, bonded);
        _count(calls.length == 1 ? "claim" : "claim of several leases", true);
        for (uint256 i = 0; i < _pending.length; ++i) {
            _paid(_pending[i]);
        }
    }

    function retire(uint256 seed) external drawn(seed) {
        (Deal storage deal, Part storage part, bytes32[] memory proof) = _someShare();
        address by = _draw(6) == 0 ? _person() : part.share.donor;
        if (by == address(0)) return;
        if (!_called(by, abi.encodeCall(ILeases.retire, (deal.terms, part.share, proof)))) return;
        if (by != part.share.donor || part.retiredAt != 0) ++foreignRetirements;
        else part.retiredAt = block.timestamp;
        _count("retire", true);
    }

    function close(uint256 seed) external drawn(seed) {
        Deal storage deal = _deals[_running()];
        address by = _speaker(deal);
        if (!_called(by, abi.encodeCall(ILeases.close, (deal.terms)))) return;
        if (by != deal.terms.renter && by != deal.terms.session) ++foreignCloses;
        deal.closedAt = block.timestamp;
        _count("close", true);
    }

    function sweep(uint256 seed) external drawn(seed) {
        Deal storage deal = _deals[_running()];
        (uint256[] memory free, uint256[] memory bonded) = _holdings();
        if (!_called(_person(), abi.encodeCall(ILeases.sweep, (deal.terms)))) return;
        for (uint256 i = 0; i < _accounts.length; ++i) {
            IVault.Account memory now_ = leases.accountOf(_accounts[i]);
            refunded[_accounts[i]] += uint256(now_.free) + now_.bonded - free[i] - bonded[i];
        }
        deal.sweptAt = block.timestamp;
        _books[deal.terms.renter].free += deal.remaining;
        _count("sweep", true);
    }

    function release(uint256 seed) external drawn(seed) {
        (Deal storage deal, Part storage part, bytes32[] memory proof) = _someShare();
        address by = _speaker(deal);
        if (!_called(by, abi.encodeCall(ILeases.release, (deal.terms, part.share, proof)))) return;
        bool early = block.timestamp <= _triableUntil(deal);
        if (early && by != deal.terms.renter && by != deal.terms.session) ++earlyReleases;
        ++part.frees;
        _books[part.share.donor].reserved -= part.share.penalty;
        _count(early ? "release by the renter" : "release by anyone", true);
    }

    function seize(uint256 seed) external drawn(seed) {
        (uint256 which, uint256 place) = _somePlace();
        Deal storage deal = _deals[which];
        Part storage part = _parts[which][place];
        address by = _draw(8) == 0 ? _person() : _judge();
        (bool done, bytes memory result) = _try(by, _seizure(deal, part, proofOf(_shares(which), place)));
        if (!done) return;

        (, uint256 seized) = abi.decode(result, (bytes32, uint256));
        bool consented = deal.quoted || (_signer == part.share.donor && _signer != address(0));
        if ((by != trials && by != court) || !consented) ++foreignSeizures;
        if (block.timestamp > _triableUntil(deal)) ++lateSeizures;
        ++part.frees;
        part.seized = seized;
        part.seizedBy = by;
        if (seized > part.seizedMost) part.seizedMost = seized;
        _seized.push(Place(which, place, 0));
        _takeStake(_books[part.share.donor], part.share.penalty, deal.quoted);
        _books[by].free += seized;
        _count(deal.quoted ? "seize what is reserved" : "seize what is there", seized != 0);
    }

    function restore(uint256 seed) external drawn(seed) {
        if (_seized.length == 0) return;
        uint256 which = _draw(_seized.length);
        Place memory place = _seized[which];
        Deal storage deal = _deals[place.deal];
        Part storage part = _parts[place.deal][place.part];
        ILeases.Share storage share = part.share;
        address by = _draw(8) == 0 ? _person() : part.seizedBy;
        if (!_called(by, abi.encodeCall(ILeases.restore, (deal.id, share.index, share.donor, part.seized)))) return;
        if (by != trials && by != court) ++usurpations;
        ++part.restores;
        _books[by].free -= part.seized;
        _books[share.donor].bonded += part.seized;
        if (deal.quoted) _books[share.donor].reserved += part.seized;
        part.seized = 0;
        _seized[which] = _seized[_seized.length - 1];
        _seized.pop();
        _count(deal.quoted ? "restore and reserve" : "restore", true);
    }

    /// @dev For a while, or to the second before, of or after a moment that matters.
    function pass(uint256 seed) external drawn(seed) {
        uint256 to = block.timestamp + 1 + _draw(_draw(3) == 0 ? 3 days : 6 hours);
        uint256 way = _draw(8);
        Deal storage deal = _deals[_running()];
        uint256 moment;
        if (way == 0) moment = leases.lease(deal.id).claimableUntil;
        if (way == 1) moment = _triableUntil(deal);
        if (way == 2) moment = leases.accountOf(_thawing()).thawsAt;
        if (moment > block.timestamp) to = moment - 1 + _draw(3);
        vm.warp(to);
    }

    function accounts() external view returns (address[] memory) {
        return _accounts;
    }

    function deals() external view returns (Deal[] memory) {
        return _deals;
    }

    function partsOf(uint256 deal) external view returns (Part[] memory) {
        return _parts[deal];
    }

    function bookOf(address owner) external view returns (Book memory) {
        return _books[owner];
    }

    function seatsOf(address owner) external view returns (uint256) {
        return _seats[trials][owner] + _seats[court][owner];
    }

    function _pay(address who, uint256 amount, bool permitted) private {
        coin.transfer(who, amount);
        bytes memory data = abi.encodeCall(IVault.deposit, (amount));
        if (permitted) {
            (uint8 v, bytes32 r, bytes32 s) = _permit(who, amount);
            data = abi.encodeCall(IVault.depositWithPermit, (amount, block.timestamp, v, r, s));
        } else {
            vm.prank(who);
            coin.approve(address(leases), amount);
        }
        if (!_called(who, data)) return;
        _books[who].free += amount;
        _count(permitted ? "deposit with permit" : "deposit", true);
    }

    function _permit(address who, uint256 amount) private view returns (uint8, bytes32, bytes32) {
        bytes32 hash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                who,
                address(leases),
                amount,
                IERC20Permit(coin).nonces(who),
                block.timestamp
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", coin.DOMAIN_SEPARATOR(), hash));
        return vm.sign(_keyOf(who), digest);
    }

    function _withdraw(address who, uint256 amount) private {
        // Into the vault itself, a withdrawal leaves coin there that is nobody's.
        address to = _draw(6) == 0 ? address(leases) : _person();
        if (!_called(who, abi.encodeCall(IVault.withdraw, (to, amount)))) return;
        _books[who].free -= amount;
        if (to == address(leases)) strays += amount;
        _count("withdraw", true);
    }

    function _give(address who, uint256 amount) private {
        address to = _draw(4) == 0 ? address(0) : _accounts[_draw(_accounts.length)];
        if (!_called(who, abi.encodeCall(IVault.give, (to, amount)))) return;
        _books[who].free -= amount;
        _books[to].free += amount;
        if (to == address(0)) burned += amount;
        _count(to == address(0) ? "burn" : "give", true);
    }

    function _moves(address who, uint256 amount) private returns (bool) {
        _books[who].free -= amount;
        _books[who].bonded += amount;
        return true;
    }

    function _charge(address by, address who) private {
        uint256 amount = _draw(leases.accountOf(who).free / 8 + 2);
        if (!_called(by, abi.encodeCall(IVault.charge, (who, amount)))) return;
        if (by != trials && by != court) ++usurpations;
        _books[who].free -= amount;
        _books[by].free += amount;
        _count("charge", true);
    }

    function _reserve(address by, address who) private {
        uint256 amount = _draw(leases.accountOf(who).bonded + 2);
        if (!_called(by, abi.encodeCall(IVault.reserve, (who, amount)))) return;
        if (by != trials && by != court) ++usurpations;
        _books[who].reserved += amount;
        _seats[by][who] += amount;
        _count("reserve", true);
    }

    function _unreserve(address by, address who) private {
        uint256 amount = _draw(_seats[by][who] + 1);
        if (!_called(by, abi.encodeCall(IVault.unreserve, (who, amount)))) return;
        if (by != trials && by != court) ++usurpations;
        _books[who].reserved -= amount;
        _seats[by][who] -= amount;
        _count("unreserve", amount != 0);
    }

    function _seizeReserved(address by, address who) private {
        uint256 amount = _draw(_seats[by][who] + 1);
        if (!_called(by, abi.encodeCall(IVault.seizeReserved, (who, amount)))) return;
        if (by != trials && by != court) ++usurpations;
        _books[who].reserved -= amount;
        _books[who].bonded -= amount;
        _books[by].free += amount;
        _seats[by][who] -= amount;
        _count("seize a seat", amount != 0);
    }

    function _convict(address by, address who) private {
        if (!_called(by, abi.encodeCall(IVault.convict, (who)))) return;
        if (by != trials && by != court) ++usurpations;
        _books[who].since = block.timestamp;
        _count("convict", true);
    }

    function _open(bool quoted) private {
        if (_deals.length == MOST_DEALS) return;
        ILeases.Share[] memory shares = new ILeases.Share[](1 + _draw(4));
        for (uint32 i = 0; i < shares.length; ++i) {
            address donor = !quoted && _draw(8) == 0 ? address(0) : _person();
            shares[i] = ILeases.Share(i, donor, uint128(1 + _draw(2_000)), uint128(_draw(400)), bytes32(_draw(9)));
        }
        uint256 key = 1 + _draw(type(uint128).max);
        // Now and then for longer than is allowed.
        ILeases.Terms memory terms = ILeases.Terms({
            renter: _person(),
            session: vm.addr(key),
            root: rootOf(shares),
            deposit: uint128(_draw(4_000)),
            endsAt: uint64(block.timestamp + _draw((longestLeaseS * 5) / 4)),
            graceS: uint32(_draw((longestGraceS * 5) / 4)),
            salt: bytes32(_deals.length)
        });
        bytes32 id = leases.leaseIdOf(terms);
        ILeases.Acceptance[] memory acceptances = new ILeases.Acceptance[](shares.length);
        address[] memory signers = new address[](shares.length);
        for (uint256 i = 0; quoted && i < shares.length; ++i) {
            (acceptances[i], signers[i]) = _accepted(id, shares[i]);
        }

        bytes memory data = quoted
            ? abi.encodeCall(ILeases.openQuoted, (terms, shares, acceptances))
            : abi.encodeCall(ILeases.open, (terms));
        if (!_called(terms.renter, data)) return;

        _enter(terms, id, key, quoted);
        for (uint256 i = 0; i < shares.length; ++i) {
            _enter(shares[i], quoted, signers[i], acceptances[i].expiresAt);
        }
    }

    /// @dev Now and then signed by another, for another lease, or expired.
    function _accepted(bytes32 id, ILeases.Share memory share)
        private
        returns (ILeases.Acceptance memory acceptance, address signer)
    {
        uint256 flaw = _draw(20);
        signer = flaw == 0 ? _person() : share.donor;
        uint256 expiresAt = flaw == 1 ? block.timestamp - 1 - _draw(9) : block.timestamp + _draw(9);
        bytes32 named = flaw == 2 ? keccak256(bytes.concat(id)) : id;
        acceptance = acceptanceOf(leases, _keyOf(signer), named, share, uint64(expiresAt));
        if (named != id) signer = address(0);
    }

    function _enter(ILeases.Terms memory terms, bytes32 id, uint256 key, bool quoted) private {
        Deal storage deal = _deals.push();
        deal.terms = terms;
        deal.id = id;
        deal.sessionKey = key;
        deal.quoted = quoted;
        deal.openedAt = block.timestamp;
        deal.remaining = terms.deposit;
        _books[terms.renter].free -= terms.deposit;
        _count(quoted ? "open, quoted" : "open", true);
    }

    function _enter(ILeases.Share memory share, bool quoted, address signer, uint256 until) private {
        Part storage part = _parts[_deals.length - 1].push();
        part.share = share;
        part.acceptedBy = signer;
        part.acceptedUntil = until;
        if (quoted) _books[share.donor].reserved += share.penalty;
    }

    /// @dev Vouchers of one lease, noted as pending; now and then beyond the cap or signed by the wrong key.
    function _claims(uint256 which) private returns (bytes memory) {
        Deal storage deal = _deals[which];
        ILeases.Share[] memory shares = _shares(which);
        ILeases.Claim[] memory claims = new ILeases.Claim[](1 + _draw(3));
        for (uint256 i = 0; i < claims.length; ++i) {
            uint256 place = _draw(shares.length);
            uint128 amount = uint128(_draw(20) == 0 ? shares[place].cap + 1 : _draw(shares[place].cap + 1));
            uint256 key = _draw(20) == 0 ? _keys[_draw(PEOPLE)] : deal.sessionKey;
            claims[i] = claimOf(leases, key, deal.id, shares, place, amount);
            Part storage part = _parts[which][place];
            if (key == deal.sessionKey && amount > part.signed) part.signed = amount;
            _pending.push(Place(which, place, amount));
        }
        return abi.encodeCall(ILeases.claim, (deal.terms, claims));
    }

    /// @dev What all accounts together hold more than before was earned.
    function _arrivals(uint256[] memory free, uint256[] memory bonded) private {
        for (uint256 i = 0; i < _accounts.length; ++i) {
            IVault.Account memory now_ = leases.accountOf(_accounts[i]);
            arrivedFree += now_.free - free[i];
            arrivedBonded += now_.bonded - bonded[i];
            earned[_accounts[i]] += uint256(now_.free) + now_.bonded - free[i] - bonded[i];
        }
    }

    function _paid(Place storage place) private {
        Deal storage deal = _deals[place.deal];
        Part storage part = _parts[place.deal][place.part];
        (uint256 seen,) = leases.shareOf(deal.id, part.share.index);
        if (seen > part.seenPaid) {
            paidOut += seen - part.seenPaid;
            part.seenPaid = seen;
            deal.paidAt = block.timestamp;
        }
        if (place.amount <= part.paid) return;

        uint256 payout = place.amount - part.paid;
        if (payout > deal.remaining) payout = deal.remaining;
        if (payout == 0) return;
        part.paid += payout;
        deal.remaining -= payout;
        _earns(part.share.donor, payout);
    }

    function _earns(address donor, uint256 payout) private {
        Book storage book = _books[donor];
        uint256 periods = book.since == 0 ? 0 : (block.timestamp - book.since) / holdPeriodS;
        if (book.since == 0) book.since = block.timestamp;
        uint256 held = periods < 3 ? (payout * (3 - periods)) / 4 : 0;
        heldBack += held;
        book.bonded += held;
        book.free += payout - held;
        if (donor == address(0)) burned += payout;
    }

    function _takeStake(Book storage book, uint256 amount, bool reserved) private {
        if (reserved) {
            book.reserved -= amount;
            book.bonded -= amount;
            return;
        }
        uint256 unreserved = book.bonded - book.reserved;
        uint256 fromStake = amount < unreserved ? amount : unreserved;
        book.bonded -= fromStake;
        book.thawing -= amount - fromStake < book.thawing ? amount - fromStake : book.thawing;
    }

    /// @dev Now and then with somebody else's acceptance. Nobody signs nothing.
    function _seizure(Deal storage deal, Part storage part, bytes32[] memory proof) private returns (bytes memory) {
        _signer = _draw(6) == 0 ? _person() : part.share.donor;
        ILeases.Acceptance memory acceptance =
            acceptanceOf(leases, _keyOf(_signer), deal.id, part.share, uint64(deal.openedAt));
        if (_signer == address(0)) (acceptance.r, acceptance.vs) = (0, 0);
        return abi.encodeCall(ILeases.seize, (deal.terms, part.share, proof, acceptance));
    }

    function _watchStatus(Deal storage deal) private {
        ILeases.Status status = leases.lease(deal.id).status;
        ILeases.Status before = deal.status;
        if (status == before) return;
        bool forward = status > before && (before != ILeases.Status.None || status == ILeases.Status.Open);
        if (!forward) ++illegalMoves;
        deal.status = status;
    }

    function _count(string memory action, bool counts) private {
        if (counts) ++times[action];
    }

    function _called(address by, bytes memory data) private returns (bool done) {
        (done,) = _try(by, data);
    }

    function _try(address by, bytes memory data) private returns (bool, bytes memory) {
        vm.prank(by);
        return address(leases).call(data);
    }

    function _draw(uint256 below) private returns (uint256) {
        _chance = uint256(keccak256(abi.encode(_chance)));
        return below == 0 ? 0 : _chance % below;
    }

    function _person() private returns (address) {
        return _accounts[_draw(PEOPLE)];
    }

    /// @dev Somebody who has coin that thaws, where there is one.
    function _thawing() private returns (address who) {
        uint256 from = _draw(PEOPLE);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            who = _accounts[(from + i) % PEOPLE];
            if (_books[who].thawing != 0) break;
        }
    }

    /// @dev A judge and somebody who has a seat of its, where there are such; the given ones otherwise.
    function _seated(address by, address who) private view returns (address, address) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            if (_seats[trials][_accounts[i]] != 0) return (trials, _accounts[i]);
            if (_seats[court][_accounts[i]] != 0) return (court, _accounts[i]);
        }
        return (by, who);
    }

    /// @dev A lease that has not been swept, where there is one.
    function _running() private returns (uint256 which) {
        uint256 from = _draw(_deals.length);
        for (uint256 i = 0; i < _deals.length; ++i) {
            which = (from + i) % _deals.length;
            if (_deals[which].sweptAt == 0) break;
        }
    }

    function _judge() private returns (address) {
        return _draw(2) == 0 ? trials : court;
    }

    /// @dev The renter or the session key, or now and then somebody else.
    function _speaker(Deal storage deal) private returns (address) {
        uint256 which = _draw(3);
        return which == 0 ? deal.terms.renter : which == 1 ? deal.terms.session : _person();
    }

    function _somePlace() private returns (uint256 deal, uint256 part) {
        deal = _draw(_deals.length);
        part = _draw(_parts[deal].length);
    }

    function _someShare() private returns (Deal storage, Part storage, bytes32[] memory) {
        (uint256 deal, uint256 part) = _somePlace();
        return (_deals[deal], _parts[deal][part], proofOf(_shares(deal), part));
    }

    function _shares(uint256 deal) private view returns (ILeases.Share[] memory shares) {
        shares = new ILeases.Share[](_parts[deal].length);
        for (uint256 i = 0; i < shares.length; ++i) {
            shares[i] = _parts[deal][i].share;
        }
    }

    function _triableUntil(Deal storage deal) private view returns (uint256) {
        return uint256(leases.lease(deal.id).claimableUntil) + trialWindowS;
    }

    function _holdings() private view returns (uint256[] memory free, uint256[] memory bonded) {
        free = new uint256[](_accounts.length);
        bonded = new uint256[](_accounts.length);
        for (uint256 i = 0; i < _accounts.length; ++i) {
            IVault.Account memory now_ = leases.accountOf(_accounts[i]);
            (free[i], bonded[i]) = (now_.free, now_.bonded);
        }
    }

    /// @dev The key of a person; for nobody and the judges, who have none, some other key.
    function _keyOf(address who) private view returns (uint256) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            if (_accounts[i] == who) return _keys[i];
        }
        return 1;
    }
}

/// @title HandledFixture
/// @notice What both invariant tests start from: the fixture, driven by the handler.
abstract contract HandledFixture is LeasesFixture {
    LeasesHandler internal handler;

    function setUp() external {
        handle();
        targetSelector(address(handler), actions());
    }

    function handle() internal {
        handler = new LeasesHandler(leases, coin);
        coin.transfer(address(handler), coin.balanceOf(address(this)));
        handler.begin();
    }

    function actions() internal pure returns (bytes4[] memory all) {
        all = new bytes4[](16);
        all[0] = LeasesHandler.pay.selector;
        all[1] = LeasesHandler.move.selector;
        all[2] = LeasesHandler.thaw.selector;
        all[3] = LeasesHandler.collect.selector;
        all[4] = LeasesHandler.judge.selector;
        all[5] = LeasesHandler.open.selector;
        all[6] = LeasesHandler.openQuoted.selector;
        all[7] = LeasesHandler.reopen.selector;
        all[8] = LeasesHandler.claim.selector;
        all[9] = LeasesHandler.retire.selector;
        all[10] = LeasesHandler.close.selector;
        all[11] = LeasesHandler.sweep.selector;
        all[12] = LeasesHandler.release.selector;
        all[13] = LeasesHandler.seize.selector;
        all[14] = LeasesHandler.restore.selector;
        all[15] = LeasesHandler.pass.selector;
    }
}
