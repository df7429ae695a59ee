using System.CommandLine;
using Antrea.Migration.Addressing;

namespace Antrea.Migrator.Commands;

/// <summary>Options that several verbs share. Each call makes new ones, since an option belongs to one command.</summary>
internal static class CommonOptions
{
    public static Option<string> Format() =>
        new Option<string>("--output", "-o")
        {
            Description = "table for people, json for machines; the same facts in both.",
            DefaultValueFactory = _ => "table",
            HelpName = "table|json",
        }.AcceptOnlyFromAmong("table", "json");

    public static Option<string[]> Ignore() =>
        new("--ignore") { Description = "Ids of findings that you have judged and want ignored.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

    public static Option<string> AntreaVersion() =>
        new("--antrea-version") { Description = "The Antrea version to plan for, for example v2.7.0; by default the image's tag in --antrea-manifest.", DefaultValueFactory = _ => "" };

    public static Option<decimal> Threshold() =>
        new("--small-overlap-threshold") { Description = "Share of Nodes that may be overlapped before the scenario is MostOverlap.", DefaultValueFactory = _ => AddressAnalysisOptions.DefaultSmallOverlapThreshold };
}
