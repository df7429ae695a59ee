using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migrator.Output.Pictures;

namespace Antrea.Migrator.Commands;

/// <summary>Options that several verbs share. Each call makes new ones, since an option belongs to one command.</summary>
internal static class CommonOptions
{
    /// <summary>So that <c>NAME-control-plane</c> is a Node's name and fits a label.</summary>
    private const int MostLabNameLength = 40;

    public const int DayInMilliseconds = 24 * 60 * 60 * 1000;

    /// <summary>On how many Nodes a migration works side by side.</summary>
    public static Option<int> NodesAtOnce() => Whole(
        "--nodes-at-once",
        "On how many Nodes files, routes, rules and labels are changed side by side; 1: one Node after the other. Pods restart by --max-unavailable.",
        ExecutionOptions.DefaultNodesAtOnce,
        1,
        ExecutionOptions.MostNodesAtOnce);

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

    /// <summary>A lab's name begins its Nodes' names, so it is held to the rules for those.</summary>
    public static void CheckLabName(SymbolResult result, IEnumerable<Token> tokens)
    {
        foreach (var name in tokens.Select(t => t.Value))
        {
            if (name.Length is < 1 or > MostLabNameLength || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
                || name[0] == '-' || name[^1] == '-')
            {
                result.AddError(
                    $"A lab cannot be named '{name}': the name begins its Nodes' names, so it is made of at most {MostLabNameLength} lower-case letters, digits and inner hyphens.");
            }
        }
    }

    public static Option<string> Format() =>
        new Option<string>("--output", "-o")
        {
            Description = "table for people, json for machines; the same facts in both.",
            DefaultValueFactory = _ => "table",
            HelpName = "table|json",
        }.AcceptOnlyFromAmong("table", "json");

    /// <summary>A file for a picture.</summary>
    /// <param name="name">The option's.</param>
    /// <param name="description">What is drawn; the formats are added.</param>
    public static Option<string?> Picture(string name, string description) => new(name)
    {
        Description = description + "; .svg, or .html for a page that holds the same.",
        Validators =
        {
            result =>
            {
                foreach (var path in result.Tokens.Select(t => t.Value).Where(p => !SvgPicture.IsPage(p) && !p.EndsWith(".svg", StringComparison.OrdinalIgnoreCase)))
                {
                    result.AddError($"{name}: '{path}' ends in neither .svg nor .html, which are the formats there are.");
                }
            },
        },
    };

    public static Option<string[]> Ignore() =>
        new("--ignore") { Description = "Ids of findings that you have judged and want ignored.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

    public static Option<string> AntreaVersion() =>
        new("--antrea-version") { Description = "The Antrea version to plan for, for example v2.7.0; by default the image's tag in --antrea-manifest.", DefaultValueFactory = _ => "" };

    public static Option<decimal> Threshold() =>
        new("--small-overlap-threshold") { Description = "Share of Nodes that may be overlapped before the scenario is MostOverlap.", DefaultValueFactory = _ => AddressAnalysisOptions.DefaultSmallOverlapThreshold };
}
