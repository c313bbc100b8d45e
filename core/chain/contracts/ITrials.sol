// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "./ILeases.sol";

/// @title ITrials
/// @notice Tries the misbehaviour of donors that a chain can see for itself: a donor that accepted a share and does not
/// answer, one that lost the data it took into custody, and one that sold the same seats of its machine twice.
///
/// A challenge takes the share's penalty out of the donor's stake at once, and a bond from the challenger. A donor that
/// answers in time gets its stake back, and the bond for its trouble. One that does not is convicted: of the penalty a
/// part is burned, a small part goes to the challenger, and the rest, at least half, to the renter, who was harmed.
///
/// A trial is named by the hash of what it is about. Only that name is stored, in one word a share; each call brings the
/// rest, which the event of the challenge showed. No two trials have the same name, since a share rests for at least a
/// second between two trials of a kind. A trial over storage has one more word, for the draw.
///
/// Whoever challenges itself gains nothing: an answered challenge moves its own bond to itself, and of a penalty a tenth
/// or more is burned, whoever the donor, the challenger and the renter are. Nor can it hide in a trial of its own making:
/// between two trials over liveness there is time for the renter, the court and evidence of double selling.
///
/// Invariants:
/// T1. The free coin of this contract's account = the penalties and bonds of all open trials, to the unit, beside what
///     others gave it unasked.
/// T2. Each trial ends once: answered, proven or convicted. An answer or a proof gives back all that was seized.
/// T3. Nobody is convicted before the time to answer is over, except on two acceptances that overlap.
/// T4. What a conviction pays out and burns adds up to what was seized, and at least `burnPercent` of it is burned.
/// T5. A share is in one trial at a time; and after an answer it rests for `answerS`.
/// T6. A retired share is never tried for liveness. Retiring is no answer to a challenge that came before.
/// T7. A seed is the hash of a block later than the challenge, and is drawn once.
/// T8. What a donor, a challenger and a renter own together falls by at least the burned part with each conviction.
interface ITrials {
    /// @notice How a trial ended.
    enum Outcome {
        Answered,
        Proven,
        Convicted
    }

    /// @notice The rules of this deployment. They never change.
    /// @param minBond the least that a challenge costs the challenger if it is answered, in smallest units of the coin
    /// @param bondPercent the bond in percent of what is seized, where that is more
    /// @param answerS seconds a donor has to answer or to prove, and for which it then rests; less than half the trial
    ///        window of the leases, so that nobody can sit the window out in a trial of its own making
    /// @param samples how many chunks a proof of storage shows
    /// @param burnPercent of a penalty, at least 10
    /// @param challengerPercent of a penalty, at most 15; with what is burned at most 50, and the renter has the rest
    struct Rules {
        uint96 minBond;
        uint8 bondPercent;
        uint32 answerS;
        uint8 samples;
        uint8 burnPercent;
        uint8 challengerPercent;
    }

    /// @notice A share of a lease, with all that shows that its donor accepted it.
    /// @param proof Merkle proof of the share under the terms' root
    /// @param acceptance signed by the donor; for a challenge it may be empty where the lease was opened with `openQuoted`
    struct Deal {
        ILeases.Terms terms;
        ILeases.Share share;
        bytes32[] proof;
        ILeases.Acceptance acceptance;
    }

    /// @notice A donor's signed word that it keeps a share's data.
    /// @dev The data is cut into chunks. Each chunk's leaf is keccak256(keccak256(abi.encode(uint64 number,
    /// keccak256(chunk)))), numbered from 0, pairs are sorted. The contract takes chunks of any size, since to refuse one
    /// would convict a donor that has it; donors sign only for chunks that fit into a transaction (256 bytes).
    /// @param dataRoot Merkle root of the chunks
    /// @param chunks how many there are
    /// @param r with `vs` the donor's signature (EIP-2098) over EIP-712
    ///        Custody(bytes32 lease,uint32 index,bytes32 dataRoot,uint64 chunks) in the domain of the leases
    struct Custody {
        bytes32 dataRoot;
        uint64 chunks;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice What a trial is about; its hash is its name.
    /// @param lease the lease's name
    /// @param index the share's index
    /// @param donor who is tried
    /// @param renter who was harmed if the donor is convicted
    /// @param challenger who challenged
    /// @param seized what was taken out of the donor's stake
    /// @param openedAt unix seconds of the challenge
    /// @param dataRoot what the donor keeps; 0 in a trial over liveness
    /// @param chunks how many chunks that is; 0 in a trial over liveness
    struct Trial {
        bytes32 lease;
        uint32 index;
        address donor;
        address renter;
        address challenger;
        uint128 seized;
        uint64 openedAt;
        bytes32 dataRoot;
        uint64 chunks;
    }

    /// @notice What decides which chunks a proof of storage shows.
    /// @param seedBlock the block whose hash is the seed
    /// @param provableUntil unix seconds until which, inclusive, the donor can prove; 0 before the seed was drawn
    /// @param seed the low half of that block's hash; means nothing before it was drawn
    struct Draw {
        uint64 seedBlock;
        uint64 provableUntil;
        uint128 seed;
    }

    /// @notice A chunk and its Merkle proof.
    struct Sample {
        bytes chunk;
        bytes32[] proof;
    }

    /// @notice A share was challenged; `trial` is what later calls bring.
    event TrialOpened(uint256 indexed trialId, bytes32 indexed lease, address indexed donor, Trial trial);

    /// @notice The chunks to show are known; the donor can prove until `provableUntil`, inclusive.
    event SeedDrawn(uint256 indexed trialId, uint128 seed, uint256 provableUntil);

    /// @notice The hash of the seed's block was out of reach; that of `seedBlock` will be the seed.
    event SeedPostponed(uint256 indexed trialId, uint256 seedBlock);

    /// @notice A trial is over.
    event TrialEnded(uint256 indexed trialId, address indexed donor, Outcome outcome);

    /// @notice A convicted donor's penalty over one share was shared out.
    event PenaltyPaid(
        bytes32 indexed lease,
        address indexed donor,
        address indexed challenger,
        uint32 index,
        uint256 toRenter,
        uint256 toChallenger,
        uint256 burned
    );

    /// @notice The deployment can never work, or would not deter: the named parameter does not fit.
    error Trials_BadParameter(string name);
    /// @notice Only `allowed` may do this.
    error Trials_NotAllowed(address caller, address allowed);
    /// @notice The lease does not run, or never did.
    error Trials_NotRunning(bytes32 lease);
    /// @notice The donor retired from the share, and need not answer for it any more.
    error Trials_Retired(bytes32 lease, uint32 index, uint256 retiredAt);
    /// @notice The share was in a trial lately.
    error Trials_Resting(bytes32 lease, uint32 index, uint256 restsUntil);
    /// @notice The lease was opened after the donor's acceptance had expired.
    error Trials_NotAccepted(bytes32 lease, uint32 index);
    /// @notice There is no stake to be lost over this.
    error Trials_NothingAtStake();
    /// @notice The custody is not signed by the share's donor, or is one of no chunks.
    error Trials_BadCustody(bytes32 dataRoot, uint64 chunks);
    /// @notice No such trial is open: it never was, or it is over.
    error Trials_NotOpen(uint256 trialId);
    /// @notice A trial over liveness needs an answer, one over storage a draw and a proof.
    error Trials_WrongKind(uint256 trialId);
    /// @notice The answer is not signed by the donor.
    error Trials_BadAnswer(uint256 trialId);
    /// @notice The time to answer or to prove is over.
    error Trials_TooLate(uint256 trialId, uint256 until);
    /// @notice The donor may still answer, or prove; where `until` is 0 its time has not begun.
    error Trials_TooEarly(uint256 trialId, uint256 until);
    /// @notice The seed's block is not known yet.
    error Trials_DrawTooEarly(uint256 trialId, uint256 seedBlock);
    /// @notice The seed was drawn before.
    error Trials_AlreadyDrawn(uint256 trialId);
    /// @notice No seed has been drawn.
    error Trials_NotDrawn(uint256 trialId);
    /// @notice Another number of samples is needed.
    error Trials_WrongCount(uint256 trialId, uint256 needed);
    /// @notice This sample is not the chunk that was drawn.
    error Trials_BadSample(uint256 trialId, uint256 sample, uint64 chunk);
    /// @notice The two deals are one, are not of one donor, or share no seat or no time.
    error Trials_NoDoubleSale();

    /// @notice Challenges a share's donor to answer. Anyone may, with a bond out of its free coin.
    /// @dev While the lease runs and its grace lasts, unless the share was retired or rests.
    function challenge(Deal calldata deal) external returns (uint256 trialId);

    /// @notice Challenges a share's donor to show that it still has what it keeps for the lease's renter.
    /// @dev Only the renter, for else a donor could stay on trial over data of its own making. While the lease runs and
    /// its grace lasts, and for twice `answerS` after the share was retired: who sees a challenge coming cannot evade it
    /// by retiring. A share rests only after another proof.
    function challengeStorage(Deal calldata deal, Custody calldata custody) external returns (uint256 trialId);

    /// @notice The donor answers a challenge to liveness: its stake is restored, and the bond is its own.
    function answer(Trial calldata trial) external;

    /// @notice Like `answer`; anyone may send it, with the donor's signature (EIP-2098) over EIP-712
    /// Answer(uint256 trial) in the domain of the leases.
    function answerSigned(Trial calldata trial, bytes32 r, bytes32 vs) external;

    /// @notice Draws the seed of a trial over storage, once its block is known. Anyone may, so nobody can leave the other
    /// waiting.
    /// @dev A chain gives out the hashes of its last 256 blocks. Where the seed's is out of reach a later block, not yet
    /// known, takes its place.
    function draw(Trial calldata trial) external;

    /// @notice Shows the drawn chunks: the donor's stake is restored, and the bond is its own. Anyone may send it.
    /// @param samples the chunks of `drawn`, in its order
    function prove(Trial calldata trial, Sample[] calldata samples) external;

    /// @notice Convicts a donor that neither answered nor proved in time. Anyone may send it; the challenger is paid.
    function conclude(Trial calldata trial) external;

    /// @notice Convicts a donor that accepted two deals over one of its seats at one time. The caller is the challenger.
    /// @dev Both leases were opened before the acceptances expired. A share's time runs from the opening to the end or the
    /// close, or to when it was retired. Both penalties are seized, as far as they still can be.
    function convictDoubleSale(Deal calldata one, Deal calldata other) external;

    /// @notice The bond of a challenge in which so much is seized.
    function bondOf(uint256 seized) external view returns (uint256);

    /// @notice A trial's name: keccak256(abi.encode(trial)).
    function trialIdOf(Trial calldata trial) external pure returns (uint256);

    /// @notice Whether this trial is open.
    function isOpen(Trial calldata trial) external view returns (bool);

    /// @notice Unix seconds until which, inclusive, an open trial's donor can answer or prove; 0 before the draw.
    function answerableUntil(Trial calldata trial) external view returns (uint256);

    /// @notice Unix seconds until which, inclusive, a share cannot be challenged to liveness and to storage.
    /// @dev Means nothing while the share is on trial.
    function restsUntil(bytes32 lease, uint32 index) external view returns (uint256 liveness, uint256 storage_);

    /// @notice The draw of an open trial over storage.
    function drawOf(uint256 trialId) external view returns (Draw memory);

    /// @notice The numbers of the chunks to show, of an open trial whose seed was drawn: sample `i` is chunk
    /// keccak256(abi.encode(uint256 seed, uint256 trialId, uint256 i)) % chunks. One chunk may come up several times.
    function drawn(Trial calldata trial) external view returns (uint64[] memory);

    /// @notice The rules of this deployment.
    function rules() external view returns (Rules memory);

    /// @notice The leases whose shares are tried here.
    function leases() external view returns (ILeases);
}
