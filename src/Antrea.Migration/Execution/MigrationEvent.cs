using System.Collections.Immutable;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Something that happened during a migration. A closed family: match on the cases below.</summary>
/// <param name="Time">When it happened.</param>
public abstract record MigrationEvent(DateTimeOffset Time);

/// <summary>A phase begins; phases whose steps were all done before are not announced.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Phase">The phase.</param>
public sealed record PhaseStarted(DateTimeOffset Time, MigrationPhase Phase) : MigrationEvent(Time);

/// <summary>All steps of a phase are done.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Phase">The phase.</param>
/// <param name="Duration">How long this run worked on it.</param>
public sealed record PhaseCompleted(DateTimeOffset Time, MigrationPhase Phase, TimeSpan Duration) : MigrationEvent(Time);

/// <summary>A step is about to act.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Step">The step.</param>
public sealed record StepStarted(DateTimeOffset Time, MigrationStep Step) : MigrationEvent(Time);

/// <summary>A step at work has something to say.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Step">The step.</param>
/// <param name="Message">What a person would like to read.</param>
public sealed record StepProgress(DateTimeOffset Time, MigrationStep Step, string Message) : MigrationEvent(Time);

/// <summary>A step was not needed: an earlier run did it, or the cluster already is as it should be.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Step">The step.</param>
/// <param name="Reason">Why it was not needed.</param>
public sealed record StepSkipped(DateTimeOffset Time, MigrationStep Step, string Reason) : MigrationEvent(Time);

/// <summary>A step is done and the cluster shows it.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Step">The step.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Detail">What came of it.</param>
public sealed record StepCompleted(DateTimeOffset Time, MigrationStep Step, TimeSpan Duration, string Detail) : MigrationEvent(Time);

/// <summary>A step did not work; the migration stops here and can be run again.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Step">The step.</param>
/// <param name="Message">What failed and where.</param>
/// <param name="Next">What to do next.</param>
public sealed record StepFailed(DateTimeOffset Time, MigrationStep Step, string Message, string Next) : MigrationEvent(Time);

/// <summary>The migration waits at a hold point until it is run again with leave to pass.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Step">The hold.</param>
public sealed record MigrationHeld(DateTimeOffset Time, MigrationStep Step) : MigrationEvent(Time);

/// <summary>The gate (<see cref="ExecutionOptions.Gate"/>) has stopped the migration; executed again, it goes on at this step.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Step">The step that it stopped before, or within.</param>
/// <param name="Subject">What was not done any more: see <see cref="MigrationChange.Subject"/>.</param>
/// <param name="Reason">Why.</param>
/// <param name="Next">What to do next.</param>
public sealed record MigrationPaused(DateTimeOffset Time, MigrationStep Step, string Subject, string Reason, string Next) : MigrationEvent(Time);

/// <summary>Every step is done.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Findings">What is left for a person to look at.</param>
public sealed record MigrationCompleted(DateTimeOffset Time, ImmutableArray<Finding> Findings) : MigrationEvent(Time);
