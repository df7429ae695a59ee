using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>requirements</c>: what a migration needs, the seed's first step.</summary>
internal static class RequirementsCommand
{
    public static Command Create(TextWriter output)
    {
        var format = CommonOptions.Format();
        var role = new Option<bool>("--role") { Description = "Print the least-privilege RBAC role for the account that migrates, as YAML for kubectl apply." };
        var command = new Command("requirements", "Print what a migration needs.") { format, role };
        command.SetAction(parse =>
        {
            if (parse.GetValue(role))
            {
                output.Write(MigrationRequirements.RoleManifest);
                return ExitCodes.Success;
            }

            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(new JsonObject
                {
                    ["requirements"] = new JsonArray([.. MigrationRequirements.All.Select(r => new JsonObject
                    {
                        ["id"] = r.Id,
                        ["text"] = r.Text,
                        ["why"] = r.Why,
                        ["source"] = r.Source,
                    })]),
                });
                return ExitCodes.Success;
            }

            var table = new TextTable("Id", "Requirement", "Why");
            foreach (var requirement in MigrationRequirements.All)
            {
                table.Add(requirement.Id, requirement.Text, requirement.Why);
            }

            table.WriteTo(output);
            return ExitCodes.Success;
        });
        return command;
    }
}
