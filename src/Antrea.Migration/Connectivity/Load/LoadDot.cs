namespace Antrea.Migration.Connectivity.Load;

/// <summary>One request of a run, as a point to draw.</summary>
/// <param name="Due">When it was due, since the start of the run.</param>
/// <param name="Took">From then to its end.</param>
/// <param name="Succeeded">Whether it was answered well.</param>
public sealed record LoadDot(TimeSpan Due, TimeSpan Took, bool Succeeded);
