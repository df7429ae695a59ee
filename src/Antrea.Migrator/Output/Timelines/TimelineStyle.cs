namespace Antrea.Migrator.Output.Timelines;

/// <summary>How a timeline looks.</summary>
internal static class TimelineStyle
{
    /// <summary>How many phases in a row differ in colour.</summary>
    public const int PhaseColours = 4;

    public const string Sheet =
        """
        .grid { fill: none; stroke: #d5dbe1; stroke-width: 1; } .edge { fill: none; stroke: #9aa5b1; stroke-width: 1; stroke-dasharray: 2 3; }
        .phase0 { fill: #4a6785; } .phase1 { fill: #3f7f74; } .phase2 { fill: #7a6a9b; } .phase3 { fill: #8a6d3b; } .nodes { fill: #c77d0a; }
        .outage { fill: #d6001c; fill-opacity: 0.26; } .stripe { fill: #d6001c; } .lost { font-size: 11px; font-weight: 600; fill: #b00018; }
        .unsent { fill: #c77d0a; }
        .good, .failed { fill: none; stroke-linecap: round; stroke-width: 3; } .good { stroke: #2f6fb5; stroke-opacity: 0.6; } .failed { stroke: #b00018; stroke-width: 3.4; }
        @media (prefers-color-scheme: dark) {
        .grid { stroke: #3d4854; } .edge { stroke: #b4bec9; } .outage { fill: #ff4d5e; fill-opacity: 0.22; } .stripe { fill: #ff4d5e; } .lost { fill: #ff9ba5; }
        .good { stroke: #8ec5ff; stroke-opacity: 0.95; } .failed { stroke: #ff6b78; } .nodes, .unsent { fill: #f0a63a; }
        }
        """;
}
