// The mutator: makes neighbours of programs, for searches that keep what proved worth keeping.
//
// A mutation works on steps, never on bytes. Half of them look at the state that the reference has
// come to before the step that they change, for what merging is about cannot be seen in the
// program: where areas end, what their neighbours carry, which stages a step really passes. The
// prefix of the program is run for that, once in a call.
//
// Whatever comes in, what goes out keeps MutateLimits, so that it can be written in the binary form
// (search/mutate_limits.h). A program is a pure function of the one before, of the choices of the
// Source and of the limits; a Mutator holds storage and nothing else from call to call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/cases.h"
#include "model/reference.h"
#include "model/step_log.h"
#include "search/generate.h"
#include "search/minimize.h"
#include "search/mutate_limits.h"
#include "search/source.h"

namespace vmacheck {

enum class Mutation : std::uint8_t {
    // Of the list of steps.
    delete_step,
    delete_range,
    duplicate_step,
    duplicate_range,
    swap_steps,
    cut_tail,
    // Of one step.
    nudge_field,     // A range or an offset, by one page.
    change_field,    // Any field gets another value.
    change_failure,  // Added, moved to another stage, another k, removed.
    redirect_step,   // To another space.
    // Of the list or of one step, with a look at the state before it.
    insert_step,      // Drawn by the generator.
    replace_step,     // The same in the place of another.
    append_steps,     // A few of them at the end.
    redraw_tail,      // From some step on, all of them.
    insert_touch,     // Writes to an area or to two, which give it a fault identity.
    close_seam,       // A new step that gives one side of a boundary what the other side carries.
    move_end,         // An end of a range goes to a boundary.
    copy_neighbour,   // The step asks for what the area beside its range carries.
    link_offset,      // The offset of a mapping follows from that of another area of its file.
    fail_at_a_stage,  // The step fails at a stage that it passes.
    // Of the world.
    change_world,  // One thing about it.
    draw_world,    // Its files, its limit and its initial areas are drawn by the generator.
    // Of everything: a new program, which keeps a search from staying where it began.
    draw_program,
};
inline constexpr std::size_t mutation_count = 23;

struct MutationInfo {
    std::string_view name;
    std::uint8_t weight;  // How often it is drawn, beside the others.
    bool looks_at_state;
};
// In the order of Mutation. The weights are tuned on a greedy search from the empty program: how
// many executions it takes to the seeded bugs and to the rarest cases.
// clang-format off
inline constexpr std::array<MutationInfo, mutation_count> mutation_infos = {{
    {"delete_step",      5, false},
    {"delete_range",     4, false},
    {"duplicate_step",   2, false},
    {"duplicate_range",  2, false},
    {"swap_steps",       2, false},
    {"cut_tail",         1, false},
    {"nudge_field",      4, false},
    {"change_field",     6, false},
    {"change_failure",   2, false},
    {"redirect_step",    2, false},
    {"insert_step",      6, true},
    {"replace_step",     4, true},
    {"append_steps",     6, true},
    {"redraw_tail",      4, true},
    {"insert_touch",     6, true},
    {"close_seam",      10, true},
    {"move_end",         6, true},
    {"copy_neighbour",   6, true},
    {"link_offset",      3, true},
    {"fail_at_a_stage",  10, true},
    {"change_world",     6, false},
    {"draw_world",       5, false},
    {"draw_program",     6, false},
}};
// clang-format on
constexpr std::string_view name_of(Mutation mutation) {
    return mutation_infos[static_cast<std::size_t>(mutation)].name;
}

class Mutator {
  public:
    explicit Mutator(const MutateLimits& limits) : limits_(limits) {}
    Mutator(const Mutator&) = delete;
    Mutator& operator=(const Mutator&) = delete;

    // Makes a neighbour of `program` by one mutation or a few; of the empty program, a new one.
    void mutate(Candidate& program, Source& source);

    // Splices: a prefix of `program`, steps of `donor`, and maybe the rest of `program`. The files
    // that the steps of the donor name become those of the world that are most like them.
    void cross_over(Candidate& program, const Candidate& donor, Source& source);

    // One mutation. False if there is nothing in the program that it could be applied to.
    bool apply(Mutation mutation, Candidate& program, Source& source);

  private:
    bool run(Mutation mutation, Candidate& program, Source& source);

    // Of the list of steps (mutate.cpp).
    bool duplicate(Candidate& program, std::size_t count, Source& source) const;
    static FileId file_for(const File& donated, World& world, std::size_t files_max);

    // With the generator or a look at the state (mutate_state.cpp).
    bool draw_world(Candidate& program, Source& source);
    bool draw_program(Candidate& program, Source& source);
    void draw_swarm(const Candidate& program, Source& source);
    bool walk(Candidate& program, Source& source);
    void start(const Candidate& program);
    void go_on(const Candidate& program);
    bool make_here(Mutation mutation, Candidate& program, Source& source);
    bool insert(Candidate& program, const Step& step, Source& source);
    void erase_ahead(Candidate& program, Source& source) const;
    bool insert_drawn(Candidate& program, std::size_t count, Source& source);
    bool replace_step(Candidate& program, Source& source);
    bool append_steps(Candidate& program, Source& source);
    bool redraw_tail(Candidate& program, Source& source);
    bool insert_touch(Candidate& program, Source& source);
    bool touch_both_sides(Candidate& program, SpaceId space, std::size_t index, Source& source);
    bool close_seam(Candidate& program, Source& source);
    bool move_end(Step& step, const std::vector<Cell>& cells, Source& source);
    static bool link_offset(Step& step, const std::vector<Cell>& cells, const World& world,
                            Source& source);
    bool fail_at_a_stage(Step& step, Source& source) const;
    bool find_ends(const std::vector<Cell>& cells);
    [[nodiscard]] SpaceId draw_space(Source& source) const;

    // A mutation that looks at the state before step `at`, or before a later one.
    struct Due {
        Mutation mutation;
        std::size_t at;
    };

    MutateLimits limits_;

    // Storage.
    Cases cases_;
    StepLog log_;
    Reference reference_{cases_};
    std::size_t at_ = 0;  // The reference has run the steps below.
    Swarm swarm_;
    bool has_swarm_ = false;  // It fits the program under way.
    std::vector<Due> due_;
    std::vector<Page> ends_;
    std::vector<Step> steps_;
};

}  // namespace vmacheck
