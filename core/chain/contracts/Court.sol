// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "./ICourt.sol";
import {ILeases} from "./ILeases.sol";

/// @title Court
/// @dev Documented in ICourt. It calls no contract but Leases, which calls nobody back.
contract Court is ICourt {
    /// @dev How many blocks after a contest or an appeal the hash is taken.
    uint256 private constant DRAW_AFTER = 5;
    /// @dev How many blocks long the chain remembers a hash.
    uint256 private constant REACH = 256;
    /// @dev How often a draw looks for each juror before it gives up: a jury is found as good as surely while one seat in
    /// ten is eligible, and a block of 8M gas holds the longest search.
    uint256 private constant TRIES = 40;
    uint256 private constant MOST_PLACES = 48;
    uint256 private constant APPEAL_START = 16;
    uint32 private constant LONGEST_S = 30 days;

    ILeases private immutable _leases;
    uint96 private immutable _seatStake;
    uint96 private immutable _minBond;
    uint8 private immutable _bondPercent;
    uint8 private immutable _appealFactor;
    uint8 private immutable _jurySize;
    uint8 private immutable _minorityPercent;
    uint8 private immutable _noShowPercent;
    uint8 private immutable _burnPercent;
    uint8 private immutable _donorPercent;
    uint32 private immutable _contestS;
    uint32 private immutable _commitS;
    uint32 private immutable _revealS;
    uint32 private immutable _appealS;

    mapping(uint32 seat => Seat) private _seats;
    uint32 private _seatCount;
    uint32[] private _vacant;
    mapping(bytes32 caseId => Case) private _cases;
    mapping(bytes32 caseId => uint32[MOST_PLACES]) private _juries;
    mapping(bytes32 caseId => bytes32[MOST_PLACES]) private _commitments;

    constructor(ILeases leases_, Rules memory r) {
        if (leases_.court() != address(this)) revert Court_BadParameter("leases");
        if (r.seatStake == 0 || r.seatStake % 100 != 0) revert Court_BadParameter("seatStake");
        if (r.minBond == 0) revert Court_BadParameter("minBond");
        if (r.bondPercent == 0 || r.bondPercent > 100) revert Court_BadParameter("bondPercent");
        if (r.appealFactor < 2) revert Court_BadParameter("appealFactor");
        if (r.jurySize < 3 || r.jurySize > 15 || r.jurySize % 2 == 0) revert Court_BadParameter("jurySize");
        if (r.minorityPercent == 0) revert Court_BadParameter("minorityPercent");
        if (r.noShowPercent <= r.minorityPercent || r.noShowPercent > 100) revert Court_BadParameter("noShowPercent");
        if (r.burnPercent < 10 || r.burnPercent > 50) revert Court_BadParameter("burnPercent");
        if (r.donorPercent > 90) revert Court_BadParameter("donorPercent");
        if (r.contestS == 0 || r.contestS > LONGEST_S) revert Court_BadParameter("contestS");
        if (r.commitS == 0 || r.commitS > LONGEST_S) revert Court_BadParameter("commitS");
        if (r.revealS == 0 || r.revealS > LONGEST_S) revert Court_BadParameter("revealS");
        if (r.appealS == 0 || r.appealS > LONGEST_S) revert Court_BadParameter("appealS");
        _leases = leases_;
        _seatStake = r.seatStake;
        _minBond = r.minBond;
        _bondPercent = r.bondPercent;
        _appealFactor = r.appealFactor;
        _jurySize = r.jurySize;
        _minorityPercent = r.minorityPercent;
        _noShowPercent = r.noShowPercent;
        _burnPercent = r.burnPercent;
        _donorPercent = r.donorPercent;
        _contestS = r.contestS;
        _commitS = r.commitS;
        _revealS = r.revealS;
        _appealS = r.appealS;
    }

    /// @inheritdoc ICourt
    function enroll(uint256 count) external {
        for (uint256 i = 0; i < count; ++i) {
            uint32 seat;
            uint256 vacant = _vacant.length;
            if (vacant == 0) {
                seat = _seatCount++;
            } else {
                seat = _vacant[vacant - 1];
                _vacant.pop();
            }
            _seats[seat] = Seat(msg.sender, uint32(block.number), 0, 0, 0);
            emit SeatTaken(seat, msg.sender);
        }
        _leases.reserve(msg.sender, count * _seatStake);
    }

    /// @inheritdoc ICourt
    function resign(uint32 seat) external {
        Seat memory s = _seats[seat];
        if (msg.sender != s.juror) revert Court_NotAllowed(msg.sender, s.juror);
        if (s.leavingAt != 0) revert Court_AlreadyLeaving(seat);
        _seats[seat].leavingAt = uint32(block.number);
        emit SeatLeaving(seat, msg.sender);
    }

    /// @inheritdoc ICourt
    function vacate(uint32 seat) external {
        Seat memory s = _seats[seat];
        // Any draw that was set before the seat was leaving has taken place once these blocks are over.
        bool reachable = block.number <= s.leavingAt + DRAW_AFTER + REACH;
        bool leaving = s.leavingAt != 0;
        if (!leaving || reachable || s.duties != 0) revert Court_StillSeated(seat);
        delete _seats[seat];
        _vacant.push(seat);
        emit SeatVacated(seat, s.juror);
        _leases.unreserve(s.juror, _percentOfSeat(100 - s.fined));
    }

    /// @inheritdoc ICourt
    function accuse(
        ILeases.Terms calldata terms,
        ILeases.Share calldata share,
        bytes32[] calldata proof,
        ILeases.Acceptance calldata acceptance,
        bytes32 evidence
    ) external returns (bytes32 caseId) {
        _onlyAccuser(terms);
        // The vault has to say first what there is to seize; it calls nobody.
        (bytes32 leaseId, uint256 seized) = _leases.seize(terms, share, proof, acceptance);
        caseId = caseIdOf(leaseId, share.index);
        Case storage c = _cases[caseId];
        if (c.phase != Phase.None) revert Court_WrongPhase(caseId, phaseOf(caseId));
        c.donor = share.donor;
        c.seized = uint96(seized);
        c.phase = Phase.Accused;
        c.until = uint32(block.timestamp) + _contestS;
        c.accusedAt = uint32(block.number);
        emit Accused(caseId, share.donor, terms, share.index, seized, evidence);
        (uint256 bond,) = bondsOf(seized);
        _leases.charge(msg.sender, bond);
    }

    /// @inheritdoc ICourt
    function contest(bytes32 caseId) external {
        _only(caseId, Phase.Accused);
        Case storage c = _cases[caseId];
        if (msg.sender != c.donor) revert Court_NotAllowed(msg.sender, c.donor);
        _setDraw(caseId, c);
        (uint256 bond,) = bondsOf(c.seized);
        _leases.charge(msg.sender, bond);
    }

    /// @inheritdoc ICourt
    function uphold(ILeases.Terms calldata terms, uint32 index) external {
        (bytes32 caseId, bytes32 leaseId) = _find(terms, index);
        _only(caseId, Phase.Uncontested);
        (uint256 bond,) = bondsOf(_cases[caseId].seized);
        _close(caseId, Outcome.Guilty);
        _conclude(terms, leaseId, index, true, bond, 0);
        emit CaseClosed(caseId, _cases[caseId].donor, Outcome.Guilty, 0);
    }

    /// @inheritdoc ICourt
    function draw(ILeases.Terms calldata terms, uint32 index) external {
        (bytes32 caseId, bytes32 leaseId) = _find(terms, index);
        _only(caseId, Phase.Drawing);
        Case storage c = _cases[caseId];
        uint256 drawBlock = c.drawBlock;
        if (block.number <= drawBlock) revert Court_DrawTooEarly(caseId, drawBlock);
        if (block.number > drawBlock + REACH) return _setDraw(caseId, c);

        (bool complete, uint32[] memory seats) = _pick(caseId, terms);
        if (!complete) return _withoutJury(terms, leaseId, index);
        uint8 round = c.juries;
        (uint256 start,) = _places(round);
        for (uint256 i = 0; i < seats.length; ++i) {
            _juries[caseId][start + i] = seats[i];
            ++_seats[seats[i]].duties;
        }
        uint32 until = uint32(block.timestamp) + _commitS;
        (c.phase, c.juries, c.until) = (Phase.Committing, round + 1, until);
        emit JuryDrawn(caseId, round, seats, until);
    }

    /// @inheritdoc ICourt
    function commit(bytes32 caseId, uint8 place, bytes32 commitment) external {
        _only(caseId, Phase.Committing);
        _checkPlace(caseId, place);
        address juror = _seats[_juries[caseId][place]].juror;
        if (msg.sender != juror) revert Court_NotAllowed(msg.sender, juror);
        _commitments[caseId][place] = commitment;
    }

    /// @inheritdoc ICourt
    function reveal(bytes32 caseId, Vote[] calldata votes) external {
        _only(caseId, Phase.Revealing);
        Case storage c = _cases[caseId];
        (uint48 revealed, uint48 guilty) = (c.revealed, c.guilty);
        for (uint256 i = 0; i < votes.length; ++i) {
            Vote calldata vote = votes[i];
            _checkPlace(caseId, vote.place);
            uint48 bit = uint48(1) << vote.place;
            if (revealed & bit != 0) continue;
            bytes32 expected = commitmentOf(caseId, vote.place, vote.guilty, vote.salt);
            if (_commitments[caseId][vote.place] != expected) revert Court_BadReveal(caseId, vote.place);
            delete _commitments[caseId][vote.place];
            revealed |= bit;
            if (vote.guilty) guilty |= bit;
        }
        (c.revealed, c.guilty) = (revealed, guilty);
        emit VotesRevealed(caseId, revealed, guilty);
    }

    /// @inheritdoc ICourt
    function appeal(ILeases.Terms calldata terms, uint32 index) external {
        (bytes32 caseId,) = _find(terms, index);
        _only(caseId, Phase.Appealable);
        Case storage c = _cases[caseId];
        if (_verdict(c, 0)) {
            if (msg.sender != c.donor) revert Court_NotAllowed(msg.sender, c.donor);
        } else {
            _onlyAccuser(terms);
        }
        _setDraw(caseId, c);
        (, uint256 appealBond) = bondsOf(c.seized);
        _leases.charge(msg.sender, appealBond);
    }

    /// @inheritdoc ICourt
    function settle(ILeases.Terms calldata terms, uint32 index) external {
        (bytes32 caseId, bytes32 leaseId) = _find(terms, index);
        _only(caseId, Phase.Decided);
        Case memory c = _cases[caseId];
        bool guilty = _verdict(c, c.juries - 1);
        (uint256 won, uint256 appealBond) = bondsOf(c.seized);
        uint256 lost = won;
        if (c.juries == 2) {
            // An appellant lost the first verdict: it wins where the second one differs.
            if (_verdict(c, 0) == guilty) lost += appealBond;
            else won += appealBond;
        }
        if (!guilty) {
            uint256 trouble = (lost * _donorPercent) / 100;
            won += trouble;
            lost -= trouble;
        }
        Outcome outcome = guilty ? Outcome.Guilty : Outcome.NotGuilty;
        _close(caseId, outcome);
        (uint256 reward, uint256 dust) = _judge(caseId, c, guilty, lost);
        _conclude(terms, leaseId, index, guilty, won, dust);
        emit CaseClosed(caseId, c.donor, outcome, reward);
    }

    /// @inheritdoc ICourt
    function caseOf(bytes32 caseId) external view returns (Case memory) {
        return _cases[caseId];
    }

    /// @inheritdoc ICourt
    function juryOf(bytes32 caseId, uint8 round) external view returns (uint32[] memory seats) {
        return round < _cases[caseId].juries ? _jury(caseId, round) : new uint32[](0);
    }

    /// @inheritdoc ICourt
    function commitmentAt(bytes32 caseId, uint8 place) external view returns (bytes32) {
        return _commitments[caseId][place];
    }

    /// @inheritdoc ICourt
    function votesOf(bytes32 caseId, uint8 round) external view returns (uint256 guilty, uint256 notGuilty) {
        return _votes(_cases[caseId], round);
    }

    /// @inheritdoc ICourt
    function seatOf(uint32 seat) external view returns (Seat memory) {
        return _seats[seat];
    }

    /// @inheritdoc ICourt
    function pool() external view returns (uint256 seats, uint256 vacant) {
        return (_seatCount, _vacant.length);
    }

    /// @inheritdoc ICourt
    function rules() external view returns (Rules memory) {
        return Rules(
            _seatStake,
            _minBond,
            _bondPercent,
            _appealFactor,
            _jurySize,
            _minorityPercent,
            _noShowPercent,
            _burnPercent,
            _donorPercent,
            _contestS,
            _commitS,
            _revealS,
            _appealS
        );
    }

    /// @inheritdoc ICourt
    function leases() external view returns (ILeases) {
        return _leases;
    }

    /// @inheritdoc ICourt
    function phaseOf(bytes32 caseId) public view returns (Phase) {
        Case storage c = _cases[caseId];
        Phase phase = c.phase;
        uint256 until = c.until;
        if (phase == Phase.Accused && block.timestamp > until) return Phase.Uncontested;
        if (phase != Phase.Committing || block.timestamp <= until) return phase;
        until += _revealS;
        if (block.timestamp <= until) return Phase.Revealing;
        return c.juries == 1 && block.timestamp <= until + _appealS ? Phase.Appealable : Phase.Decided;
    }

    /// @inheritdoc ICourt
    function bondsOf(uint256 seized) public view returns (uint256 bond, uint256 appealBond) {
        bond = (seized * _bondPercent) / 100;
        if (bond < _minBond) bond = _minBond;
        // It is a multiple of the bond that was paid, which is rounded.
        // slither-disable-next-line divide-before-multiply
        appealBond = bond * _appealFactor;
    }

    /// @inheritdoc ICourt
    function caseIdOf(bytes32 leaseId, uint32 index) public pure returns (bytes32) {
        return keccak256(abi.encode(leaseId, index));
    }

    /// @inheritdoc ICourt
    function commitmentOf(bytes32 caseId, uint8 place, bool guilty, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(caseId, place, guilty, salt));
    }

    function _setDraw(bytes32 caseId, Case storage c) private {
        uint256 drawBlock = block.number + DRAW_AFTER;
        c.phase = Phase.Drawing;
        c.drawBlock = uint32(drawBlock);
        c.seats = _seatCount;
        emit DrawSet(caseId, c.juries, drawBlock);
    }

    function _close(bytes32 caseId, Outcome outcome) private {
        (_cases[caseId].phase, _cases[caseId].outcome) = (Phase.Closed, outcome);
    }

    /// @dev Too few seats can be found: an appeal is dropped, which leaves the first verdict; a case is dismissed.
    function _withoutJury(ILeases.Terms calldata terms, bytes32 leaseId, uint32 index) private {
        bytes32 caseId = caseIdOf(leaseId, index);
        Case storage c = _cases[caseId];
        (address donor, uint256 seized) = (c.donor, c.seized);
        (uint256 bond, uint256 appealBond) = bondsOf(seized);
        if (c.juries == 0) {
            _close(caseId, Outcome.Dismissed);
            _leases.restore(leaseId, index, donor, seized);
            _leases.give(donor, bond);
            _leases.give(terms.renter, bond);
            emit CaseClosed(caseId, donor, Outcome.Dismissed, 0);
        } else {
            c.phase = Phase.Decided;
            emit AppealDropped(caseId);
            _leases.give(_verdict(c, 0) ? donor : terms.renter, appealBond);
        }
    }

    /// @dev Fines the jurors of both rounds that were not with the verdict, and shares the fines and `lost` among those who
    /// were. What is left over is for the caller to burn.
    function _judge(bytes32 caseId, Case memory c, bool guilty, uint256 lost)
        private
        returns (uint256 reward, uint256 dust)
    {
        (, uint256 end) = _places(c.juries - 1);
        address[] memory jurors = new address[](end);
        uint256[] memory fines = new uint256[](end);
        uint256 coherent = 0;
        for (uint256 place = 0; place < end; ++place) {
            if (place >= _jurySize && place < APPEAL_START) continue;
            uint256 percent = _finePercent(c, guilty, place);
            if (percent == 0) ++coherent;
            (jurors[place], fines[place]) = _discharge(_juries[caseId][place], percent);
            lost += fines[place];
        }
        if (coherent != 0) (reward, dust) = (lost / coherent, lost % coherent);
        else dust = lost;
        // Fines first: the rewards are paid out of them.
        for (uint256 place = 0; place < end; ++place) {
            if (fines[place] != 0) _leases.seizeReserved(jurors[place], fines[place]);
        }
        for (uint256 place = 0; place < end; ++place) {
            if (jurors[place] == address(0)) continue;
            if (_finePercent(c, guilty, place) == 0) _leases.give(jurors[place], reward);
        }
    }

    /// @dev Ends a seat's duty, with a fine as far as its stake goes; a seat that was fined leaves.
    function _discharge(uint32 seat, uint256 percent) private returns (address juror, uint256 fine) {
        Seat memory s = _seats[seat];
        --s.duties;
        bool leaving = s.leavingAt != 0;
        if (percent != 0 && !leaving) {
            s.leavingAt = uint32(block.number);
            emit SeatLeaving(seat, s.juror);
        }
        if (percent > 100 - s.fined) percent = 100 - s.fined;
        s.fined += uint8(percent);
        _seats[seat] = s;
        return (s.juror, _percentOfSeat(percent));
    }

    /// @dev Pays the winner, and burns `burned` and what a convicted donor's penalty adds to it.
    function _conclude(
        ILeases.Terms calldata terms,
        bytes32 leaseId,
        uint32 index,
        bool guilty,
        uint256 won,
        uint256 burned
    ) private {
        Case storage c = _cases[caseIdOf(leaseId, index)];
        (address donor, uint256 seized) = (c.donor, c.seized);
        if (guilty) {
            uint256 part = (seized * _burnPercent) / 100;
            won += seized - part;
            burned += part;
            _leases.convict(donor);
        } else {
            _leases.restore(leaseId, index, donor, seized);
        }
        _leases.give(guilty ? terms.renter : donor, won);
        // What nobody can ever spend is burned.
        if (burned != 0) _leases.give(address(0), burned);
    }

    /// @dev Looks for a jury in the pool as it was when the draw was set.
    function _pick(bytes32 caseId, ILeases.Terms calldata terms)
        private
        view
        returns (bool complete, uint32[] memory seats)
    {
        Case memory c = _cases[caseId];
        uint32[] memory before = c.juries != 0 ? _jury(caseId, 0) : new uint32[](0);
        (uint256 start, uint256 end) = _places(c.juries);
        uint256 size = end - start;
        seats = new uint32[](size);
        bytes32 seed = keccak256(abi.encode(blockhash(c.drawBlock), caseId));
        uint256 found = 0;
        for (uint256 i = 0; i < TRIES * size && c.seats != 0; ++i) {
            // Known to nobody when the draw was set, apart from what the producer of a block can do; see the threat model.
            // slither-disable-next-line weak-prng
            uint32 seat = uint32(uint256(keccak256(abi.encode(seed, i))) % c.seats);
            if (!_isEligible(c, terms, seat) || _isIn(before, before.length, seat) || _isIn(seats, found, seat)) {
                continue;
            }
            seats[found] = seat;
            if (++found == size) return (true, seats);
        }
    }

    /// @dev Nothing here can change once the draw block's hash is known: a vacated seat was leaving when the draw was set,
    /// and whoever takes it afterwards comes too late.
    function _isEligible(Case memory c, ILeases.Terms calldata terms, uint32 seat) private view returns (bool) {
        Seat memory s = _seats[seat];
        if (s.juror == address(0) || s.takenAt >= c.accusedAt) return false;
        if (s.leavingAt != 0 && s.leavingAt <= c.drawBlock - DRAW_AFTER) return false;
        return s.juror != c.donor && s.juror != terms.renter && s.juror != terms.session;
    }

    function _jury(bytes32 caseId, uint256 round) private view returns (uint32[] memory seats) {
        (uint256 start, uint256 end) = _places(round);
        seats = new uint32[](end - start);
        for (uint256 i = 0; i < seats.length; ++i) {
            seats[i] = _juries[caseId][start + i];
        }
    }

    function _votes(Case memory c, uint256 round) private view returns (uint256 guilty, uint256 notGuilty) {
        (uint256 start, uint256 end) = _places(round);
        for (uint256 place = start; place < end; ++place) {
            if (!_has(c.revealed, place)) continue;
            if (_has(c.guilty, place)) ++guilty;
            else ++notGuilty;
        }
    }

    /// @dev Whether a round's jury finds the donor guilty. A tie is not guilty, nor is a jury that says nothing.
    function _verdict(Case memory c, uint256 round) private view returns (bool) {
        (uint256 guilty, uint256 notGuilty) = _votes(c, round);
        return guilty > notGuilty;
    }

    /// @dev The first place of a round's jury, and the first one behind it.
    function _places(uint256 round) private view returns (uint256 start, uint256 end) {
        return round != 0 ? (APPEAL_START, APPEAL_START + 2 * uint256(_jurySize) + 1) : (0, _jurySize);
    }

    /// @dev What the vote at a place costs its seat, in percent; 0 if, and only if, it is the verdict.
    function _finePercent(Case memory c, bool guilty, uint256 place) private view returns (uint256) {
        if (!_has(c.revealed, place)) return _noShowPercent;
        return _has(c.guilty, place) != guilty ? _minorityPercent : 0;
    }

    function _checkPlace(bytes32 caseId, uint8 place) private view {
        (uint256 start, uint256 end) = _places(_cases[caseId].juries - 1);
        if (place < start || place >= end) revert Court_NoSuchPlace(caseId, place);
    }

    function _only(bytes32 caseId, Phase needed) private view {
        Phase phase = phaseOf(caseId);
        if (phase != needed) revert Court_WrongPhase(caseId, phase);
    }

    function _onlyAccuser(ILeases.Terms calldata terms) private view {
        if (msg.sender != terms.renter && msg.sender != terms.session) {
            revert Court_NotAllowed(msg.sender, terms.renter);
        }
    }

    /// @dev The names of a lease and a case, from the terms alone: only the right terms find a case that is there.
    function _find(ILeases.Terms calldata terms, uint32 index) private view returns (bytes32 caseId, bytes32 leaseId) {
        leaseId = keccak256(abi.encode(block.chainid, _leases, terms));
        caseId = caseIdOf(leaseId, index);
    }

    function _percentOfSeat(uint256 percent) private view returns (uint256) {
        return (_seatStake * percent) / 100;
    }

    function _has(uint256 bits, uint256 place) private pure returns (bool) {
        return (bits >> place) & 1 != 0;
    }

    function _isIn(uint32[] memory seats, uint256 count, uint32 seat) private pure returns (bool) {
        for (uint256 i = 0; i < count; ++i) {
            // Seats are numbers; none is a balance that somebody could add to.
            // slither-disable-next-line incorrect-equality
            if (seats[i] == seat) return true;
        }
        return false;
    }
}
