namespace Antrea.Migration.Execution;

/// <summary>A step looked at the cluster and cannot go on. Becomes a <see cref="StepFailed"/> event.</summary>
internal sealed class StepFailedException(string message, string next) : Exception(message)
{
    public string Next { get; } = next;
}
