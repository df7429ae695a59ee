namespace Antrea.Migration.Connectivity.Load;

/// <summary>What went on beside a run, from a moment on.</summary>
/// <param name="Start">Since the start of the run.</param>
/// <param name="Name">What reports call it.</param>
/// <param name="Nodes">The Nodes that were being worked on, joined by commas; empty for none.</param>
public sealed record LoadPhase(TimeSpan Start, string Name, string Nodes = "");
