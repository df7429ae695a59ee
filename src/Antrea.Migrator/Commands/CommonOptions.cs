using System.CommandLine;
using System.Globalization;
using Antrea.Migration.Addressing;

namespace Antrea.Migrator.Commands;

/// <summary>Options that several verbs share. Each call makes new ones, since an option belongs to one command.</summary>
internal static class CommonOptions
{
    public const int DayInMilliseconds = 24 * 60 * 60 * 1000;

    /// <summary>A whole number in a range. Out of it is a usage error that names the option, the value and the range.</summary>
    public static Option<int> Whole(string name, string description, int defaultValue, int least = 1, int most = int.MaxValue)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result =>
            {
                var text = result.Tokens[^1].Value;
                if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                {
                    return number;
                }

                result.AddError(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} is '{text}', but must be a whole number {(most == int.MaxValue ? $"of at least {least}" : $"between {least} and {most}")}."));
                return defaultValue;
            },
        };
        return option;
    }

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
