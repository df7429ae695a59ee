using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Verification;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>policies verify</c>: whether a set of Antrea policies, whoever wrote it, means what Calico's policies mean.</summary>
internal static class PoliciesVerifyCommand
{
    public static Command Create(TextWriter output)
    {
        var calico = Files("--calico", "Files or folders with the cluster and its Calico and Kubernetes policies, as kubectl prints them.");
        var antrea = Files("--antrea", "Files or folders with the Antrea policies, groups and Tiers.");
        var policies = new PolicyOptions();
        var format = PolicyOptions.Format("table", "json");
        var command = new Command("verify", "Prove that Antrea policies mean what Calico's mean, or show a flow that differs; exit code 2 when not proven equal.")
        {
            calico, antrea, format,
        };
        policies.AddTo(command, scope: "existing");
        command.SetAction(async (parse, cancellationToken) =>
        {
            var read = await new FolderClusterReader(parse.GetRequiredValue(calico)).ReadAsync(cancellationToken);
            var readToo = await new FolderClusterReader(parse.GetRequiredValue(antrea)).ReadAsync(cancellationToken);

            // What a migration has made for the time of a phase is no policy of either side.
            var (snapshot, written) = (PolicyAllowance.Without(read), PolicyAllowance.Without(readToo));
            if (snapshot.Objects.Length < read.Objects.Length || written.Objects.Length < readToo.Objects.Length)
            {
                await parse.InvocationConfiguration.Error.WriteLineAsync("Left out: allowances of a migration, which are not to last. 'antrea-migrator plan' names them.");
            }

            var options = policies.Versions(parse);
            var objects = written.Objects.Where(AntreaObjectCheck.Covers).ToList();
            if (AntreaObjectCheck.CheckDuplicates(written) is { IsEmpty: false } twice)
            {
                throw new InputException(twice);
            }

            objects.AddRange(snapshot.Objects.Where(t => t.Kind == "Tier" && AntreaObjectCheck.Covers(t) && !objects.Exists(o => o.Kind == "Tier" && o.Name == t.Name)));
            if (AntreaObjectCheck.Check(objects, options) is { IsEmpty: false } errors)
            {
                throw new InputException(errors);
            }

            var proof = PolicyVerifier.Verify(snapshot, objects.Select(o => o.Json), options, policies.Scope(parse) ?? ProofScope.Existing, cancellationToken);
            var ignored = written.Objects.Where(o => !AntreaObjectCheck.Covers(o))
                .GroupBy(o => o.Group.Length == 0 ? o.Kind : $"{o.Kind}.{o.Group}")
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => $"{g.Count()} {g.Key}")
                .ToList();
            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(new JsonObject
                {
                    ["proof"] = PolicyOutput.Json(proof),
                    ["ignored"] = new JsonArray([.. ignored.Select(i => (JsonNode)i)]),
                });
            }
            else
            {
                PolicyOutput.Write(output, proof);
                if (ignored.Count > 0)
                {
                    output.WriteLine($"Ignored in --antrea, for they are no Antrea policies (Kubernetes NetworkPolicies are those of --calico): {string.Join(", ", ignored)}.");
                }
            }

            return proof.Verdict == ProofVerdict.Equal ? ExitCodes.Success : ExitCodes.Findings;
        });
        return command;
    }

    private static Option<string[]> Files(string name, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true, Required = true, HelpName = "PATH" };
}
