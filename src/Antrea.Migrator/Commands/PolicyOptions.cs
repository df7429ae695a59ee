using System.CommandLine;
using System.Text.RegularExpressions;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migrator.Commands;

/// <summary>The options that the verbs of <c>policies</c> share. Each instance belongs to one command.</summary>
internal sealed class PolicyOptions
{
    private readonly Option<string?> _calicoVersion = new("--calico-version")
    {
        Description = "The Calico version, for example v3.26.1; by default that of the ClusterInformation.",
        Validators = { CheckVersion },
    };

    private readonly Option<string> _antreaVersion = new("--antrea-version")
    {
        Description = "The Antrea version that will enforce them.",
        DefaultValueFactory = _ => new PolicyConversionOptions().AntreaVersion,
        Validators = { CheckVersion },
    };

    private readonly Option<string?> _pods = new Option<string?>("--pods")
    {
        HelpName = "existing|future",
    }.AcceptOnlyFromAmong("existing", "future");

    /// <summary>Adds the versions and, where a proof is made, its scope.</summary>
    /// <param name="command">The command.</param>
    /// <param name="scope">What the scope is when nobody names one, in words; null where no proof is made.</param>
    public void AddTo(Command command, string? scope)
    {
        command.Add(_calicoVersion);
        command.Add(_antreaVersion);
        if (scope is not null)
        {
            _pods.Description =
                $"Whose flows are compared: existing Pods, or future ones as well, with any labels that policies could tell apart; by default {scope}.";
            command.Add(_pods);
        }
    }

    public PolicyConversionOptions Versions(ParseResult parse) => new()
    {
        CalicoVersion = parse.GetValue(_calicoVersion),
        AntreaVersion = parse.GetRequiredValue(_antreaVersion),
    };

    /// <summary>The scope that was asked for; null when none was.</summary>
    public ProofScope? Scope(ParseResult parse) => parse.GetValue(_pods) switch
    {
        "future" => ProofScope.Future,
        "existing" => ProofScope.Existing,
        _ => null,
    };

    public static Option<string> Format(params string[] formats) => new Option<string>("--output", "-o")
    {
        Description = "table for people, json for machines; the same facts in both."
            + (formats.Contains("yaml") ? " yaml prints the objects, and the report beside them on the error stream." : ""),
        DefaultValueFactory = _ => "table",
        HelpName = string.Join('|', formats),
    }.AcceptOnlyFromAmong(formats);

    private static void CheckVersion(System.CommandLine.Parsing.OptionResult result)
    {
        var text = result.Tokens.Count == 0 ? null : result.Tokens[^1].Value;
        if (text is not null && !Regex.IsMatch(text, @"^v?\d{1,9}\.\d{1,9}(\.\d{1,9})?([-+].*)?$", RegexOptions.None, TimeSpan.FromSeconds(1)))
        {
            result.AddError($"{result.Option.Name} is '{text}', but must be a version such as v2.7.0.");
        }
    }
}
